"""Side effects are compared over the latents at which both edits arrive."""

import numpy as np
import pytest

from tests.benchmarks.channel_edits import LEAST_SHARED, shared_cut

FEW = LEAST_SHARED // 2


def test_only_shared_latents_count() -> None:
    """The rival never arrives where the edit has its large side effects, and the reverse."""
    within = np.r_[np.full(LEAST_SHARED, 0.3), np.full(5, 9.0), np.full(5, np.nan)]
    rival = np.r_[np.full(LEAST_SHARED, 0.4), np.full(5, np.nan), np.full(5, 0.1)]
    assert shared_cut(within, [rival]) == pytest.approx(0.25)


def test_all_rivals_count_by_their_arrivals() -> None:
    within = np.full(2 * LEAST_SHARED, 0.3)
    often = np.full(2 * LEAST_SHARED, 0.4)
    seldom = np.where(np.arange(2 * LEAST_SHARED) < LEAST_SHARED, 1.0, np.nan)
    assert shared_cut(within, [often, seldom]) == pytest.approx(1 - 0.3 / 0.6)


def test_too_few_arrivals_are_not_compared() -> None:
    within, rival = np.full(FEW, 0.3), np.full(FEW, 0.6)
    assert shared_cut(within, [rival]) is None
    assert shared_cut(within, [rival, rival]) == pytest.approx(0.5)
