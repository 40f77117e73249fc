"""Class-to-class translation and its controls, by hand."""

import numpy as np
import pytest

from directrix.errors import InvalidField
from directrix.metrics import (
    complement,
    drift,
    measure_translation,
    random_sets,
    translation_matrix,
)


def test_gain_is_over_random_sets() -> None:
    chosen = np.repeat([1, 0], [90, 10])
    random = np.stack([np.repeat([1, 0], [30, 70]), np.repeat([1, 0], [10, 90])])
    found = measure_translation(1, chosen, random, np.zeros(100, int), seed=0)
    assert (found.chosen, found.random, found.complement) == pytest.approx((0.9, 0.2, 0))
    assert found.gain == pytest.approx(0.7)
    low, high = found.interval
    assert 0.55 < low < 0.7 < high < 0.85


def test_shapes_are_checked() -> None:
    with pytest.raises(InvalidField, match="same n latents"):
        measure_translation(1, np.zeros(4), np.zeros((2, 3)), np.zeros(4), seed=0)


def test_matrix_counts_only_latents_that_started_in_their_class() -> None:
    starts = [np.array([0, 0, 1, 0]), np.array([1, 1]), np.array([], int)]
    to = {0: np.array([0, 0, 0, 0]), 1: np.array([1, 0, 1, 1]), 2: np.array([2, 2, 2, 2])}
    ends = [[to[t] for t in range(3)], [np.array([0, 1])] * 3, [np.array([], int)] * 3]
    matrix = translation_matrix(starts, ends, 3)
    assert matrix[0, 1] == pytest.approx(2 / 3)
    assert matrix[0, 2] == 1
    assert matrix[1, 0] == pytest.approx(0.5)
    assert np.isnan(np.diag(matrix)).all()
    assert np.isnan(matrix[2]).all()


def test_random_sets_are_seeded_and_without_repetition() -> None:
    sets = random_sets(5, 20, 50, seed=3)
    assert sets.shape == (50, 5)
    assert all(len(set(chosen)) == 5 for chosen in sets)
    assert sets.min() >= 0
    assert sets.max() < 20
    assert np.array_equal(sets, random_sets(5, 20, 50, seed=3))
    assert not np.array_equal(sets, random_sets(5, 20, 50, seed=4))
    with pytest.raises(InvalidField, match="1 to 20"):
        random_sets(21, 20, 1, seed=0)


def test_the_complement() -> None:
    assert complement(np.array([3, 0]), 5).tolist() == [1, 2, 4]


def test_drift_leaves_the_target_out() -> None:
    before = np.array([[0.8, 0.1, 0.1], [0.5, 0.5, 0.0]])
    after = np.array([[0.2, 0.7, 0.1], [0.5, 0.5, 0.0]])
    assert drift(before, after, target=1) == pytest.approx(0.3)
