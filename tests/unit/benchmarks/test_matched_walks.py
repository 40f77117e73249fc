"""Walks read at a matched change, on a world whose answers are known."""

import numpy as np
import pytest

from directrix.types import Direction, Space
from tests.benchmarks.matched_walks import (
    ALPHAS,
    Held,
    leak_ratio,
    leakage,
    matched_changes,
    matched_strengths,
)
from tests.unit.correction.correlated import DIMENSION, correlated_world


def held() -> Held:
    world = correlated_world(0.0)
    codes = world.problem().sample(9, 0, 200, Space.W)
    return Held(world.generator, world.predictor, codes, Space.W, 30)


def along(*mixture: float) -> Direction:
    vector = np.zeros(DIMENSION, np.float32)
    vector[: len(mixture)] = mixture
    return Direction(Space.W, vector / np.linalg.norm(vector), 1.0)


def test_changes_are_read_where_the_target_arrives() -> None:
    bench = held()
    base = bench.read(bench.codes, Space.W)
    rise = bench.rise(along(0.8, 0.6), base, 0)
    assert rise.shape == (len(ALPHAS), 30, 2)
    reached, moved = matched_changes(rise, base, 0, 1.0)
    assert reached.all()
    assert moved[:, 0] == pytest.approx(np.ones(30), abs=1e-4)
    ratio = 0.75 * base[:, 0].std() / base[:, 1].std()
    assert np.abs(moved[:, 1]) == pytest.approx(np.full(30, ratio), abs=1e-3)
    assert leakage(moved, 0) == pytest.approx(np.full(30, ratio), abs=1e-3)


def test_strengths_are_those_of_the_change() -> None:
    bench = held()
    base = bench.read(bench.codes, Space.W)
    rise = bench.rise(along(0.8, 0.6), base, 0)
    strengths = matched_strengths(rise, base, 0, 1.0, ALPHAS)
    assert strengths == pytest.approx(np.full(30, base[:, 0].std() / 0.8), abs=1e-3)
    assert matched_strengths(rise, base, 0, 99.0, ALPHAS).tolist() == [ALPHAS[-1]] * 30


def test_ratio_of_paired_leakages_leaves_out_who_does_not_arrive() -> None:
    second = np.random.Generator(np.random.Philox(1)).uniform(1, 2, (2, 40))
    first = 0.4 * second
    first[0, 3] = second[1, 5] = np.nan
    ratio = leak_ratio(list(first), list(second), 1)
    assert ratio.value == pytest.approx(0.4)
    assert ratio.low == pytest.approx(0.4)
    assert ratio.high == pytest.approx(0.4)
