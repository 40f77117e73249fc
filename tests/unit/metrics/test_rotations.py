"""Rotated bases: what is sparse in its own coordinates is not in others, and noise never is."""

import numpy as np
import pytest

from directrix.errors import InvalidField
from directrix.metrics import percentile, rotated_bases, rotation_test, slope_importance


def slopes(seed: int, scales: np.ndarray) -> np.ndarray:
    chance = np.random.Generator(np.random.Philox(seed))
    return chance.standard_normal((1, 64, len(scales))) * scales


def test_bases_are_orthonormal_and_seeded() -> None:
    first, second = rotated_bases(5, 2, seed=1)
    assert first @ first.T == pytest.approx(np.eye(5), abs=1e-12)
    assert not np.allclose(first, second)
    assert np.array_equal(first, next(rotated_bases(5, 1, seed=1)))


def test_importance_of_a_basis() -> None:
    s, covariance = np.array([[1.0, 0.0], [-1.0, 0.0]]), np.diag([4.0, 1.0])
    assert slope_importance(s, covariance, np.eye(2)).tolist() == [2, 0]
    turned = np.array([[1, 1], [1, -1]]) / np.sqrt(2)
    assert slope_importance(s, covariance, turned) == pytest.approx([np.sqrt(1.25)] * 2)


def test_planted_coordinates_stand_out() -> None:
    few = np.where(np.arange(32) < 4, 1.0, 0.05)
    assert rotation_test(slopes(1, few), np.eye(32), 100, seed=2).percentiles().tolist() == [100]


def test_isotropic_slopes_do_not() -> None:
    found = [
        rotation_test(slopes(seed, np.ones(16)), np.eye(16), 50, seed).percentiles()[0]
        for seed in range(40)
    ]
    assert 35 < np.mean(found) < 65


def test_percentile_counts_half_of_the_equal_ones() -> None:
    assert percentile(2.0, np.array([1.0, 2.0, 2.0, 3.0])) == 50


def test_shapes_are_checked() -> None:
    with pytest.raises(InvalidField, match="covariance"):
        rotation_test(np.ones((1, 3, 4)), np.eye(3), 10, seed=0)
