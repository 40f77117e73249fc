"""Cells, lift and phi, by hand and against closed forms."""

import numpy as np
import pytest

from directrix.correction import Split, study, thresholds


def labelled(counts: list[list[int]]) -> np.ndarray:
    """Scores [N, 2] of -1 and 1 with these numbers of samples a cell."""
    rows = [(2 * a - 1, 2 * b - 1) for a in (0, 1) for b in (0, 1) for _ in range(counts[a][b])]
    return np.array(rows, np.float32)


def test_cells_by_hand() -> None:
    (pair,) = study(labelled([[45, 5], [5, 45]]), np.zeros(2))
    assert pair.shares == pytest.approx(np.array([[0.45, 0.05], [0.05, 0.45]]))
    assert pair.lift == pytest.approx(np.array([[1.8, 0.2], [0.2, 1.8]]))
    assert pair.phi == pytest.approx(0.8)
    assert pair.rare(0.5) == ((0, 1), (1, 0))
    assert pair.rare(0.1) == ()


def test_one_sided_entanglement_has_one_rare_cell() -> None:
    (pair,) = study(labelled([[60, 20], [1, 19]]), np.zeros(2))
    assert pair.rare(0.5) == ((1, 0),)


def test_independent_scores_have_no_rare_cell() -> None:
    (pair,) = study(labelled([[16, 24], [24, 36]]), np.zeros(2))
    assert pair.lift == pytest.approx(np.ones((2, 2)))
    assert pair.phi == pytest.approx(0, abs=1e-12)


def test_phi_of_normal_scores_follows_sheppard() -> None:
    chance = np.random.Generator(np.random.Philox(1))
    a, b = chance.standard_normal((2, 40_000))
    scores = np.stack([a, 0.8 * a + 0.6 * b, b], 1)
    first, *_ = pairs = study(scores, thresholds(scores, Split.MEDIAN))
    assert (first.first, first.second) == (0, 1)
    assert first.phi == pytest.approx(2 / np.pi * np.arcsin(0.8), abs=0.02)
    assert first.pearson == pytest.approx(0.8, abs=0.01)
    assert len(pairs) == 3


def test_a_constant_score_goes_with_nothing() -> None:
    scores = labelled([[5, 5], [5, 5]])
    scores[:, 1] = 3
    (pair,) = study(scores, thresholds(scores, Split.MEDIAN))
    assert (pair.phi, pair.pearson) == (0, 0)
    assert pair.rare(0.5) == ()


def test_thresholds() -> None:
    scores = np.array([[1.0, -1.0], [2.0, -3.0], [9.0, -2.0]])
    assert thresholds(scores, Split.MEDIAN) == pytest.approx([2, -2])
    assert thresholds(scores, Split.ZERO) == pytest.approx([0, 0])
