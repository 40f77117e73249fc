"""Factors come from a stream per avatar, and the dial sets their correlation."""

import numpy as np
import pytest

from directrix.errors import InvalidField
from directrix.zoo.avatars.factors import BINARY, DIALLED, NAMES, phi, sample

MANY = 20_000


def columns(dial: float) -> dict[str, np.ndarray]:
    return dict(zip(NAMES, sample(7, 0, MANY, dial).T, strict=True))


def test_an_avatar_does_not_depend_on_how_many_are_asked_for():
    whole = sample(3, 0, 40)
    assert np.array_equal(sample(3, 25, 5), whole[25:30])
    assert np.array_equal(sample(3, 0, 40), whole)
    assert not np.array_equal(sample(4, 0, 40), whole)


def test_continuous_factors_are_uniform_and_binary_ones_even():
    for name, values in columns(0.0).items():
        if name in BINARY:
            assert set(np.unique(values)) == {-1.0, 1.0}
            assert abs(values.mean()) < 0.03
        else:
            places = np.sort(values)
            uniform = np.linspace(-1, 1, MANY)
            assert np.abs(places - uniform).max() < 0.03


@pytest.mark.parametrize("dial", [0.0, 0.5, 0.8, 0.95])
def test_the_dial_is_the_phi_of_its_pairs_and_of_no_other(dial):
    values = columns(dial)
    for first, second in DIALLED:
        assert phi(values[first], values[second]) == pytest.approx(dial, abs=0.02)
    dialled = {frozenset(pair) for pair in DIALLED}
    for i, first in enumerate(NAMES):
        for second in NAMES[i + 1 :]:
            if frozenset((first, second)) not in dialled:
                assert abs(phi(values[first], values[second])) < 0.03


def test_turning_the_dial_changes_one_factor_of_each_pair_only():
    apart, together = columns(0.0), columns(0.95)
    moved = {second for _, second in DIALLED}
    for name in NAMES:
        assert np.array_equal(apart[name], together[name]) == (name not in moved)


def test_a_dial_beyond_its_end_is_refused():
    for dial in (-0.1, 0.96):
        with pytest.raises(InvalidField, match="dial"):
            sample(0, 0, 1, dial)


def test_phi_of_a_known_table():
    first = np.array([1, 1, 1, -1, -1, -1, 1, -1])
    second = np.array([1, 1, 1, -1, -1, -1, -1, 1])
    assert phi(first, second) == pytest.approx(0.5)
    assert phi(first, -second) == pytest.approx(-0.5)
    assert phi(np.ones(4), first[:4]) == 0.0
