"""Leakage of moves whose effects are known."""

import numpy as np
import pytest

from directrix.errors import InvalidField
from directrix.metrics import effect_interval, measure_leakage


def base(count: int = 300) -> np.ndarray:
    drawn = np.random.Generator(np.random.Philox(1)).standard_normal((count, 4))
    return (drawn - drawn.mean(0)) / drawn.std(0) * [1, 2, 4, 1]


def test_effects_are_in_sd_and_turned_to_the_strongest() -> None:
    known = base()
    before = known[:40]
    found = measure_leakage(before, before + np.array([0.5, -6, 2, 0]), known, seed=1)
    assert (found.factor, found.sign) == (1, -1)
    assert found.effects == pytest.approx((-0.5, 3, -0.5, 0))
    assert (found.effect, found.mean, found.most) == pytest.approx((3, 1 / 3, 0.5))
    assert found.share == pytest.approx(1 / 3)


def test_the_intended_factor_may_be_another() -> None:
    known = base()
    before = known[:40]
    found = measure_leakage(before, before + np.array([0.5, -6, 2, 0]), known, seed=1, factor=0)
    assert (found.factor, found.sign, found.effect, found.most) == pytest.approx((0, 1, 0.5, 3))
    assert found.share == pytest.approx(7)


def test_intervals_are_those_of_effects() -> None:
    known = base()
    before = known[:40]
    after = before * [1, 0.5, 1, 1] + [0, -6, 2, 0]
    found = measure_leakage(before, after, known, seed=5)
    change = before[:, 1] - after[:, 1]
    assert found.intervals[1] == effect_interval(change, known[:, 1], 5)
    assert found.intervals[3] == (0, 0)


def test_a_disentangled_move_leaks_nothing_and_no_move_is_no_number() -> None:
    known = base()
    before = known[:40]
    assert measure_leakage(before, before + np.array([1, 0, 0, 0]), known, 1).share == 0
    assert measure_leakage(before, before, known, 1).share == 0
    assert measure_leakage(before, before + np.array([0, 1, 0, 0]), known, 1, 0).share == float(
        "inf"
    )


def test_what_is_not_there_is_refused() -> None:
    known = base()
    with pytest.raises(InvalidField, match="factors are"):
        measure_leakage(known, known, known, 1, 4)
    with pytest.raises(InvalidField, match="two factors"):
        measure_leakage(known[:, :1], known[:, :1], known[:, :1], 1)
