"""Analyses of coordinates and their agreement, by hand."""

import numpy as np
import pytest

from directrix.errors import InvalidField
from directrix.metrics import CoordinateAnalysis, measure_agreement
from directrix.types import Space


def test_decoupling_is_the_sparsity_of_each_column() -> None:
    importance = np.array([[1.0, 1.0], [0.0, 1.0], [0.0, 1.0], [0.0, 1.0]])
    analysis = CoordinateAnalysis(Space.Z, ("one", "all"), importance, np.ones((4, 2)))
    assert analysis.decoupling() == pytest.approx(np.array([[1, 0.75], [0, 0]]))


def test_agreement_of_equal_and_of_reversed_ranks() -> None:
    a = np.array([4.0, 3.0, 2.0, 1.0])
    assert measure_agreement(a, a**3, 2).spearman == pytest.approx(1)
    assert measure_agreement(a, a**3, 2).jaccard == 1
    assert measure_agreement(a, a[::-1].copy(), 2).spearman == pytest.approx(-1)
    assert measure_agreement(a, a[::-1].copy(), 2).jaccard == 0
    assert measure_agreement(a, np.array([1.0, 3.0, 2.0, 0.0]), 2).jaccard == pytest.approx(1 / 3)


def test_ties_share_their_ranks() -> None:
    """Ranks 3, 1.5, 1.5, 0 against 3, 2, 1, 0: r = 4.5 / sqrt(4.5 x 5)."""
    first, second = np.array([9.0, 5.0, 5.0, 1.0]), np.array([4.0, 3.0, 2.0, 1.0])
    assert measure_agreement(first, second, 1).spearman == pytest.approx(4.5 / np.sqrt(22.5))
    assert measure_agreement(np.ones(4), second, 1).spearman == 0


@pytest.mark.parametrize(("length", "size"), [(3, 2), (4, 0), (4, 5)])
def test_what_cannot_be_compared_is_refused(length: int, size: int) -> None:
    with pytest.raises(InvalidField, match="same d coordinates"):
        measure_agreement(np.ones(4), np.ones(length), size)
