"""Ratios of target and suppressed change on curves that are known."""

import numpy as np
import pytest

from tests.benchmarks.ice_ratios import Judge, ratios


def test_ratios_are_taken_where_the_target_arrives() -> None:
    judge = Judge(
        ("a", "b", "c"), lambda images: images.numpy(), np.zeros(3), np.array([2.0, 1, 1])
    )
    slopes = np.array([[2.0, 0.1, 0.1], [2.0, 0.3, 0.0], [0.2, 1.0, 1.0]])
    curves = np.arange(4)[:, None, None] * slopes
    told = ratios(judge, curves, np.ones(3), 0, [1, 2])
    # The first two change by 1 SD a step and arrive at 1.5 steps; the third never does.
    assert told.values[0] == pytest.approx(1.5 / 0.15)
    assert told.values[1] == pytest.approx(1.5 / np.sqrt(0.45**2 / 2))
    assert np.isnan(told.values[2])
    assert told.reached == pytest.approx(2 / 3)
    assert told.largest[1] == pytest.approx(1.5 / 0.45)


def test_a_target_that_falls_counts_where_it_should_fall() -> None:
    judge = Judge(("a", "b"), lambda images: images.numpy(), np.zeros(2), np.ones(2))
    curves = np.arange(3)[:, None, None] * np.array([[-1.0, 0.1], [-1.0, 0.1]])
    told = ratios(judge, curves, np.array([-1.0, 1.0]), 0, [1])
    assert told.values[0] == pytest.approx(10)
    assert np.isnan(told.values[1])
