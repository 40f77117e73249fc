"""Effects by hand."""

import numpy as np

from directrix.metrics.effects import mean_effect, monotonicity


def test_mean_change_in_deviations() -> None:
    before = np.array([[0.0, 1.0, 5.0], [2.0, 1.0, 5.0]])
    after = np.array([[1.0, 0.0, 6.0], [5.0, 1.0, 6.0]])
    effect = mean_effect(before, after, np.array([0.5, 2.0, 0.0]))
    assert effect.tolist() == [4.0, -0.25, 0.0]


def test_monotonicity_is_the_share_that_rises_at_every_step() -> None:
    curves = np.array([[0, 0, 0, 3], [1, 1, 0, 2], [2, 0, 1, 1]])
    assert monotonicity(curves) == 0.25
