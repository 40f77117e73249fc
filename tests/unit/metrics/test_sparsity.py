"""Sparsity at its two ends and between."""

import numpy as np
import pytest

from directrix.metrics.sparsity import gini, hoyer


@pytest.mark.parametrize(
    ("values", "by_hoyer", "by_gini"),
    [
        ([1, 1, 1, 1], 0.0, 0.0),
        ([0, -5, 0, 0], 1.0, 0.75),
        ([0, 0, 0, 0], 0.0, 0.0),
        ([3], 0.0, 0.0),
        ([0, 0, 1, -1], 2 - np.sqrt(2), 0.5),
    ],
)
def test_by_hand(values: list[float], by_hoyer: float, by_gini: float) -> None:
    assert hoyer(np.array(values)) == pytest.approx(by_hoyer)
    assert gini(np.array(values)) == pytest.approx(by_gini)


def test_neither_sees_scale_or_order() -> None:
    values = np.array([0.1, 2.0, -0.7, 0.0])
    assert hoyer(values * 9) == pytest.approx(hoyer(values[::-1]))
    assert gini(values * 9) == pytest.approx(gini(values[::-1]))
