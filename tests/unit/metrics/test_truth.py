"""A set of two findings with known effects, as rows and as a table."""

from functools import cache

import numpy as np
import pytest

from directrix.errors import InvalidField
from directrix.metrics import Truth, attribute_dependency, measure_leakage, measure_truth

ALPHAS = (-2.0, -1.0, 0.0, 1.0, 2.0)
NAMES = ("age", "light", "yaw")
SLOPES = np.array([[0.0, 1.5, 0.3], [-0.9, 0.0, 0.0]])


def base() -> np.ndarray:
    drawn = np.random.Generator(np.random.Philox(1)).standard_normal((500, 3))
    return (drawn - drawn.mean(0)) / drawn.std(0)


def curves() -> list[np.ndarray]:
    held = base()[:60]
    return [np.stack([held + alpha * slope for alpha in ALPHAS]) for slope in SLOPES]


@cache
def truth() -> Truth:
    return measure_truth(ALPHAS, curves(), base(), NAMES, seed=3)


def test_every_finding_has_its_factor_leakage_and_dependencies() -> None:
    first, second = truth().findings
    assert (first.index, first.leakage.factor, first.leakage.sign) == (0, 1, 1)
    assert first.leakage.effects == pytest.approx((0, 6, 1.2))
    assert [at.mean for at in first.dependencies] == pytest.approx([0.1, 0.2])
    assert [at.most for at in first.dependencies] == pytest.approx([0.2, 0.4])
    assert (second.leakage.factor, second.leakage.sign) == (0, -1)
    assert second.leakage.effect == pytest.approx(3.6)
    assert second.dependencies[0].most == pytest.approx(0, abs=1e-12)
    assert second.dependencies[1].mean is None


def test_its_parts_are_those_measured_alone() -> None:
    first = truth().findings[0]
    curve = curves()[0]
    assert first.leakage == measure_leakage(curve[0], curve[-1], base(), 3)
    assert first.dependencies[1] == attribute_dependency(ALPHAS, curve, base(), 1, 2.0, 3)


def test_rows_are_flat() -> None:
    row = truth().rows()[1]
    assert (row["finding"], row["factor"], row["sign"]) == (1, "age", -1)
    assert row["leakage_max_sd"] == 0
    assert row["reached_at_1_sd"] == 1
    assert (row["reached_at_2_sd"], row["dependency_mean_at_2_sd"]) == (0, None)


def test_the_table_tells_intervals_and_what_is_censored() -> None:
    head, rule, first, second = truth().table().splitlines()
    assert head.count("|") == rule.count("|") == first.count("|") == second.count("|") == 11
    assert first.startswith("| 0 | light | 6.00 (")
    assert second.endswith("| not reached | not reached |")


def test_the_intended_factor_may_be_given() -> None:
    found = measure_truth(ALPHAS, curves(), base(), NAMES, 3, intended=[2, None])
    assert found.findings[0].leakage.effect == pytest.approx(1.2)
    assert found.findings[1].leakage.factor == 0
    with pytest.raises(InvalidField, match="one intended factor"):
        measure_truth(ALPHAS, curves(), base(), NAMES, 3, intended=[2])
