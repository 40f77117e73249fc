"""The Frechet distance of known distributions."""

import numpy as np
import pytest

from directrix.metrics import frechet_distance


def test_a_shift_counts_squared() -> None:
    rows = np.random.default_rng(0).standard_normal((500, 3))
    assert frechet_distance(rows, rows) == pytest.approx(0, abs=1e-9)
    assert frechet_distance(rows, rows + np.array([3.0, 0.0, 4.0])) == pytest.approx(25)


def test_a_stretch_counts_by_its_deviations() -> None:
    """Of one dimension: (m1 - m2)^2 + (s1 - s2)^2."""
    rows = np.random.default_rng(1).standard_normal((400, 1))
    deviation = rows.std(ddof=1)
    centred = rows - rows.mean()
    assert frechet_distance(centred, 3 * centred) == pytest.approx((2 * deviation) ** 2)


def test_correlation_counts() -> None:
    """diag against a correlated twin of equal variances: Tr(2 I - 2 C^(1/2))."""
    rows = np.random.default_rng(2).standard_normal((200_000, 2))
    mixed = rows @ np.linalg.cholesky([[1, 0.8], [0.8, 1]]).T
    expected = 4 - 2 * (np.sqrt(1.8) + np.sqrt(0.2))
    assert frechet_distance(rows, mixed) == pytest.approx(expected, abs=0.01)
