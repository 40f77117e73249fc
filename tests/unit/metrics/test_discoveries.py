"""The floor against its definition by hand, and the rate that it promises."""

import numpy as np
import pytest

from directrix.metrics.discoveries import discovery_floor as floor_at

RATE = 0.05


def discovery_floor(strongest: np.ndarray, random: np.ndarray) -> float:
    return floor_at(strongest, random, RATE)


def test_a_lone_finding_has_to_beat_all_of_twenty_random_ones_for_each() -> None:
    random = np.arange(40.0)
    assert discovery_floor(np.array([39.5, 1.0]), random) == 39
    assert discovery_floor(np.array([38.5, 1.0]), random) == 39


def test_two_of_two_may_lie_below_one_random_finding() -> None:
    """p <= 0.05 x 2 / 2 x 41 allows floor(2.05) - 1 = 1 random finding above."""
    assert discovery_floor(np.array([38.5, 38.6]), np.arange(40.0)) == 38


def test_with_too_few_random_findings_nothing_can_be_named() -> None:
    strongest = np.array([9.0, 50.0, 3.0])
    assert discovery_floor(strongest, np.arange(5.0)) == 50


def test_equal_to_a_random_finding_is_not_above_it() -> None:
    assert discovery_floor(np.zeros(1), np.zeros(20)) == 0


@pytest.mark.parametrize("count", [1, 5, 10])
def test_sets_that_mean_nothing_have_a_name_in_at_most_five_percent(count: int) -> None:
    chance = np.random.Generator(np.random.Philox(count))
    named = []
    for _ in range(2000):
        drawn = np.abs(chance.standard_normal(21 * count))
        strongest, random = drawn[:count], drawn[count:]
        named.append(strongest.max() > discovery_floor(strongest, random))
    assert 0.03 < np.mean(named) < 0.06


def test_real_findings_are_named_and_few_others_beside_them() -> None:
    chance = np.random.Generator(np.random.Philox(7))
    shares, found = [], []
    for _ in range(500):
        drawn = np.abs(chance.standard_normal(210))
        drawn[:5] += 6
        above = drawn[:10] > discovery_floor(drawn[:10], drawn[10:])
        shares.append(above[5:].sum() / max(1, above.sum()))
        found.append(above[:5].mean())
    assert np.mean(shares) < 0.05
    assert np.mean(found) > 0.99
