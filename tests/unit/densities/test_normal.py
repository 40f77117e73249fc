import numpy as np
import pytest

from directrix.densities import Normal


def test_the_standard_normal_of_a_prior() -> None:
    points = np.float64([[0, 0, 0], [1, 2, 2]])
    assert Normal.standard(3).log_density(points) == pytest.approx([0, -4.5])


def test_a_fit_finds_mean_and_covariance_block_by_block() -> None:
    random = np.random.default_rng(0)
    mixing = np.array([[2.0, 0.0], [1.0, 0.5]])
    rows = random.normal(size=(4000, 2)) @ mixing.T + [3, -1]
    found = Normal.fit(rows[start : start + 1000] for start in range(0, 4000, 1000))
    assert found.mean == pytest.approx(rows.mean(0))
    ridge = 1e-3 * np.trace(np.cov(rows.T, bias=True)) / 2 * np.eye(2)
    assert found.covariance == pytest.approx(np.cov(rows.T, bias=True) + ridge)
    away = rows[:5] - found.mean
    wanted = [-0.5 * row @ np.linalg.inv(found.covariance) @ row for row in away]
    assert found.log_density(rows[:5]) == pytest.approx(wanted)


def test_layers_are_averaged() -> None:
    points = np.float64([[[2, 0], [0, 0], [0, 4]]])
    assert Normal.standard(2).log_density(points) == pytest.approx([(-2 + 0 - 8) / 3])
