"""Movers move as their findings do, and survive a journal."""

from dataclasses import replace

import numpy as np
import pytest

from directrix.correction import FieldLearner, Mover, curved, recalled, side_effects, straight
from directrix.correction.reader import Reader
from directrix.types import Space
from directrix.walks.motion import Motion
from tests.contract.toys import style_world
from tests.unit.correction.correlated import DIMENSION, correlated_world


def made() -> list[tuple[Mover, tuple[int, ...]]]:
    chance = np.random.Generator(np.random.Philox(1))
    codes = chance.standard_normal((60, 8)).astype(np.float32)
    wide = np.repeat(codes[:, None], 4, 1)
    network = FieldLearner(hidden=4, epochs=2)(codes, (codes[:, 0] > 0).astype(np.int64), 1)
    return [
        (straight(Space.W, chance.standard_normal(8), codes), (8,)),
        (straight(Space.W_PLUS, chance.standard_normal((4, 8)), wide), (4, 8)),
        (curved(Space.W, network, codes), (8,)),
    ]


@pytest.mark.parametrize("place", range(3))
def test_moves_as_its_finding(place: int) -> None:
    mover, shape = made()[place]
    codes = np.random.Generator(np.random.Philox(2)).standard_normal((3, *shape))
    codes, strengths = codes.astype(np.float32), np.array([0.5, -2.0, 1.0])
    finding = replace(mover.finding(style_world().generator), scale=mover.scale)
    wanted = [
        Motion(finding, float(alpha)).apply(code)
        for code, alpha in zip(codes, strengths, strict=True)
    ]
    assert mover.move(codes, strengths) == pytest.approx(np.stack(wanted), abs=1e-4)


@pytest.mark.parametrize("place", range(3))
def test_survives_a_row(place: int) -> None:
    mover, shape = made()[place]
    again = recalled(mover.space, mover.row(), shape, place == 2)
    assert np.array_equal(again.row(), mover.row())
    assert again.scale == mover.scale


def test_side_effects_of_a_known_mixture() -> None:
    problem = correlated_world(0.0).problem()
    (scores,) = problem.population.scores.values()
    reader = Reader(problem.generator, problem.networks, Space.W)
    codes = problem.sample(3, 0, 40, Space.W)

    def moved(strengths: np.ndarray) -> np.ndarray:
        step = np.zeros(DIMENSION)
        step[:2] = 1.0, 0.5
        return (codes + strengths[:, None] * step).astype(np.float32)

    assert side_effects(reader, moved, scores, 40, 0) == pytest.approx(0.5, abs=0.05)

    def still(strengths: np.ndarray) -> np.ndarray:
        return codes

    assert side_effects(reader, still, scores, 40, 0) == float("inf")
