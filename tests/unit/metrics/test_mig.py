"""The gap of codes whose information is known in closed form."""

import numpy as np
import pytest

from directrix.errors import InvalidField
from directrix.metrics import mutual_information_gap

GRID = np.stack(np.meshgrid(np.arange(4), np.arange(4)), -1).reshape(-1, 2).repeat(5, 0)
"""Two independent factors of four values."""


def test_one_code_a_factor_is_a_gap_of_one() -> None:
    mean, gaps = mutual_information_gap(GRID[:, ::-1] * 2.5 - 1, GRID)
    assert mean == pytest.approx(1)
    assert gaps == pytest.approx([1, 1])


def test_two_equal_codes_leave_no_gap() -> None:
    mean, gaps = mutual_information_gap(GRID[:, [0, 0]], GRID)
    assert gaps == pytest.approx([0, 0], abs=1e-12)
    assert mean == pytest.approx(0, abs=1e-12)


def test_half_of_the_information_is_half_a_gap() -> None:
    """Code 1 keeps one bit of the two bits of factor 0, code 0 both: (2 - 1) / 2."""
    codes = np.stack([GRID[:, 0], GRID[:, 0] // 2], 1)
    assert mutual_information_gap(codes, GRID[:, :1])[0] == pytest.approx(0.5)


def test_many_values_are_put_in_twenty_bins() -> None:
    """A code that is the factor itself tells all of the bins; noise tells little."""
    chance = np.random.Generator(np.random.Philox(1))
    factor = chance.uniform(size=(20000, 1))
    codes = np.concatenate([factor * -3, chance.uniform(size=(20000, 1))], 1)
    assert mutual_information_gap(codes, factor)[0] == pytest.approx(1, abs=0.01)


def test_a_constant_factor_does_not_count() -> None:
    known = np.concatenate([GRID, np.ones((len(GRID), 1))], 1)
    mean, gaps = mutual_information_gap(GRID, known)
    assert mean == pytest.approx(1)
    assert gaps[2] == 0
    with pytest.raises(InvalidField):
        mutual_information_gap(GRID, known[:, 2:])
    with pytest.raises(InvalidField):
        mutual_information_gap(GRID[:, :1], GRID)
