"""Sensitivity of a linear score, by hand."""

import numpy as np
import pytest

from directrix.metrics.sensitivity import measure_sensitivity

DELTAS = np.array([-2.0, 1.0, 3.0])


def test_a_linear_score() -> None:
    base = np.zeros((5, 3))
    slopes = np.array([0.5, -1.0, 0.0])
    moved = base + DELTAS[:, None, None] * slopes
    found = measure_sensitivity(DELTAS, base, moved)
    assert found.importance == pytest.approx([1.5, 3.0, 0.0])
    assert found.correlation == pytest.approx([1.0, -1.0, 0.0])
    assert found.response == pytest.approx(DELTAS[:, None] * slopes)
    assert found.row().shape == (5, 3)
    assert np.array_equal(found.row()[0], found.importance)
    assert np.array_equal(found.row()[1], found.correlation)
    assert np.array_equal(found.row()[2:], found.response)


def test_importance_takes_each_sample_at_its_strongest_delta() -> None:
    moved = np.array([[[1.0], [0.0]], [[-2.0], [0.5]], [[0.0], [0.25]]])
    found = measure_sensitivity(DELTAS, np.zeros((2, 1)), moved)
    assert found.importance == pytest.approx([(2.0 + 0.5) / 2])


def test_correlation_is_pearsons() -> None:
    chance = np.random.Generator(np.random.Philox(3))
    moved = chance.standard_normal((3, 50, 2))
    found = measure_sensitivity(DELTAS, np.zeros((50, 2)), moved)
    repeated = np.repeat(DELTAS, 50)
    for k in range(2):
        wanted = np.corrcoef(repeated, moved[:, :, k].ravel())[0, 1]
        assert found.correlation[k] == pytest.approx(wanted)
