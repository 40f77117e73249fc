"""The statistic under weights: leaving a sample out is a weight of 0."""

import numpy as np
import pytest

from directrix.metrics.matched import MatchedChange


def world() -> MatchedChange:
    chance = np.random.Generator(np.random.Philox(4))
    base = chance.standard_normal((30, 3))
    slope = chance.uniform(0.5, 1, (10, 3))
    return MatchedChange(np.stack([a * slope for a in (0.0, 2.0, 4.0)]), base, 1, 1.5)


def test_weights_are_samples() -> None:
    whole = world()
    weights = np.full((1, 30), 1 / 28)
    weights[0, [4, 20]] = 0
    rest = MatchedChange(
        np.delete(whole.rise, 4, 1), np.delete(whole.base, [4, 20], 0), 1, whole.change
    )
    assert whole(weights)[0] == pytest.approx(rest(np.full((1, 28), 1 / 28))[0])


def test_many_weights_at_once_are_each_alone() -> None:
    drawn = np.random.Generator(np.random.Philox(5)).dirichlet(np.ones(30), size=7)
    at_once = world()(drawn)
    assert at_once == pytest.approx(np.concatenate([world()(row[None]) for row in drawn]))


def test_nobody_arrives() -> None:
    far = MatchedChange(world().rise, world().base, 1, 50.0)
    assert far.reached() == 0
    assert np.isnan(far(np.full((2, 30), 1 / 30))).all()
