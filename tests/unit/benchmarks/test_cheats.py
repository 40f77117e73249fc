"""What classifiers are taught, and how well flips are foretold."""

import numpy as np
import pytest

from tests.benchmarks.cheat_foretold import area
from tests.benchmarks.cheat_worlds import halves
from tests.benchmarks.cheats import taught


@pytest.mark.parametrize("classes", [2, 5, 10])
@pytest.mark.parametrize("strength", [0.0, 0.6, 1.0])
def test_a_share_of_the_labels_follows_the_nuisance(classes: int, strength: float) -> None:
    chance = np.random.Generator(np.random.Philox(1))
    labels, side = chance.integers(0, classes, 4000), chance.random(4000) < 0.5
    high = halves(classes, 3)
    given = taught(labels, side, high, strength, seed=2)
    other = high[labels] != side
    assert (given[~other] == labels[~other]).all()
    assert (high[given[other]] == side[other]).mean() == pytest.approx(strength, abs=0.04)
    assert (given[other & (high[given] != side)] == labels[other & (high[given] != side)]).all()


def test_area_under_the_curve() -> None:
    truth = np.array([True, True, False, False])
    assert area(np.array([4.0, 3, 2, 1]), truth) == 1
    assert area(np.array([4.0, 1, 3, 2]), truth) == pytest.approx(0.5)
    assert area(np.array([1.0, 1, 1, 1]), truth) == pytest.approx(0.5)
