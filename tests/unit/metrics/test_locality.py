"""How much of a picture changes."""

import numpy as np
import pytest

from directrix.metrics.effects import linearity
from directrix.metrics.locality import changed_area


def test_the_area_is_that_of_the_changed_pixels() -> None:
    before = np.full((3, 10, 10, 3), 100, np.uint8)
    after = before.copy()
    after[0, 2:4, 5:10] += 20  # 10 of 100 pixels, all alike: 9 of them hold 90 %
    after[1] += 7
    assert changed_area(before, after).tolist() == [0.09, 0.9, 1.0]


def test_strong_changes_count_by_their_squares() -> None:
    before = np.zeros((1, 4, 5, 1), np.uint8)
    after = before + 1
    after[0, 0, 0] = 100  # 10 000 of 10 019
    assert changed_area(before, after)[0] == 1 / 20
    assert changed_area(before, after, share=1.0)[0] == 1


def test_linearity_is_the_mean_squared_correlation() -> None:
    alphas = np.array([-2.0, -1.0, 0.0, 1.0, 2.0])
    straight, bowl, still = 3 * alphas + 1, alphas**2, np.ones(5)
    assert linearity(alphas, np.stack([straight, -straight], 1)) == pytest.approx(1)
    assert linearity(alphas, np.stack([straight, bowl, still], 1)) == pytest.approx(1 / 3)
    bent = np.array([-1.0, -1.0, 0.0, 1.0, 1.0])
    expected = np.corrcoef(alphas, bent)[0, 1] ** 2
    assert linearity(alphas, bent[:, None]) == pytest.approx(expected)
