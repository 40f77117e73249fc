"""Inversion of edited pictures and restoration of scores, where both have exact answers."""

import numpy as np
import pytest

from directrix.correction import Reader, Slopes, invert, restore
from directrix.errors import Cancelled
from directrix.types import Space
from tests.contract.toys import style_world
from tests.unit.correction.correlated import DIMENSION, correlated_world


def quiet() -> None:
    """Nobody listens."""


def reader() -> Reader:
    problem = correlated_world().problem()
    return Reader(problem.generator, problem.networks, Space.W)


def normal(seed: int, *shape: int) -> np.ndarray:
    return np.random.Generator(np.random.Philox(seed)).standard_normal(shape).astype(np.float32)


def test_restored_scores_are_the_wanted_ones_by_the_smallest_change() -> None:
    codes, wanted = 0.5 * normal(1, 70, DIMENSION), 0.5 * normal(2, 70, 2)
    found = restore(reader(), codes, wanted, np.ones(2), 1.0, 1, 1e-4, quiet)
    assert reader().scores(found) == pytest.approx(wanted, abs=0.02)
    assert found[:, 2:] == pytest.approx(codes[:, 2:], abs=0.02)


@pytest.mark.parametrize("slopes", [Slopes.COMMON, Slopes.POOLED])
def test_shared_slopes_do_the_same_where_all_slopes_are_alike(slopes: Slopes) -> None:
    codes, wanted = 0.2 * normal(1, 70, DIMENSION), 0.2 * normal(2, 70, 2)
    settings = (reader(), codes, wanted, np.ones(2), 1.0, 2, 1e-3, quiet)
    assert restore(*settings, slopes) == pytest.approx(restore(*settings), abs=1e-3)


@pytest.mark.parametrize("slopes", [Slopes.COMMON, Slopes.POOLED])
def test_shared_slopes_mend_the_mean(slopes: Slopes) -> None:
    change, off, _ = shifted(slopes)
    assert np.abs(off.mean(0)).max() < 0.1
    assert np.linalg.matrix_rank(change.reshape(len(change), -1), tol=1e-3) <= 3


def test_pooled_slopes_avoid_what_differs_between_samples() -> None:
    common, pooled = (shifted(slopes)[1].std(0).mean() for slopes in (Slopes.COMMON, Slopes.POOLED))
    assert pooled < 0.95 * common


def test_pooled_slopes_prefer_what_all_layers_share() -> None:
    common, pooled = (shifted(slopes)[2] for slopes in (Slopes.COMMON, Slopes.POOLED))
    assert pooled > common


def shifted(slopes: Slopes) -> tuple[np.ndarray, np.ndarray, float]:
    """Codes [30, 4, 8] restored to scores all higher by 0.3 SD.

    Returns their changes, how far the same mean change misses for each [30, 3] in SD, and the share
    of the squared change that the layers have in common.
    """
    world = style_world()
    seen = Reader(world.generator, (world.predictor,), Space.W_PLUS)
    codes = 0.3 * normal(1, 30, 4, 8)
    scores = seen.scores(codes)
    spread = scores.std(0)
    found = restore(seen, codes, scores + 0.3 * spread, spread, 0.3, 3, 1e-3, quiet, slopes)
    change = found - codes
    off = (seen.scores(codes + change.mean(0)) - scores) / spread - 0.3
    shared = 4 * (change.mean(1) ** 2).sum() / (change**2).sum()
    return change, off, float(shared)


def test_scorers_without_deviation_are_not_held() -> None:
    codes, wanted = 0.5 * normal(1, 4, DIMENSION), np.full((4, 2), 0.7)
    found = restore(reader(), codes, wanted, np.array([1.0, 0.0]), 1.0, 1, 1e-4, quiet)
    assert found[:, 0] == pytest.approx(np.full(4, 0.7), abs=0.02)
    assert found[:, 1] == pytest.approx(codes[:, 1], abs=0.02)


def test_a_strong_pull_leaves_the_codes() -> None:
    codes = 0.5 * normal(1, 4, DIMENSION)
    found = restore(reader(), codes, np.full((4, 2), 0.7), np.ones(2), 1.0, 1, 1e4, quiet)
    assert found == pytest.approx(codes, abs=1e-3)


@pytest.mark.parametrize("space", [Space.W, Space.W_PLUS])
def test_nonlinear_scores_come_nearer_step_by_step(space: Space) -> None:
    world = style_world()
    seen = Reader(world.generator, (world.predictor,), space)
    shape = (6, 4, 8) if space is Space.W_PLUS else (6, 8)
    codes, others = 0.3 * normal(1, *shape), 0.3 * normal(2, *shape)
    wanted = (seen.scores(codes) + seen.scores(others)) / 2
    away = [
        np.abs(seen.scores(found) - wanted).mean()
        for steps in (0, 1, 4)
        for found in [restore(seen, codes, wanted, np.ones(3), 0.3, steps, 1e-3, quiet)]
    ]
    assert away[2] < away[1] < away[0]
    assert away[2] < 0.1 * away[0]


def test_inversion_finds_the_code_of_a_picture() -> None:
    seen, codes = reader(), 0.5 * normal(1, 70, DIMENSION)
    starts = codes + 0.2 * normal(2, 70, DIMENSION)

    def pictures(rows: slice) -> object:
        return seen.images(seen.tensor(codes[rows]))

    found = invert(seen, starts, pictures, 0.5, 200, 0.0, quiet)
    assert np.abs(found - codes).mean() < 0.3 * np.abs(starts - codes).mean()


def test_both_can_be_cancelled_between_batches() -> None:
    def stop() -> None:
        raise Cancelled("no longer wanted")

    codes = normal(1, 3, DIMENSION)
    with pytest.raises(Cancelled):
        restore(reader(), codes, np.zeros((3, 2)), np.ones(2), 1.0, 1, 0.1, stop)
    with pytest.raises(Cancelled):
        invert(reader(), codes, lambda rows: reader().images(codes), 1.0, 1, 0.1, stop)
