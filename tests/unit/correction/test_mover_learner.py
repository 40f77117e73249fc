"""Movers of every learner from labelled codes, of W and of W+ with like layers."""

import numpy as np
import pytest

from directrix.correction import LearnerName, MoverLearner
from directrix.learners import learners
from directrix.types import Space

WIDTH, LAYERS = 4, 3


def normal(seed: int, *shape: int) -> np.ndarray:
    return np.random.Generator(np.random.Philox(seed)).standard_normal(shape).astype(np.float32)


def learner(name: LearnerName, space: Space = Space.W) -> MoverLearner:
    reference = normal(1, 50, WIDTH)
    if space is Space.W_PLUS:
        reference = np.repeat(reference[:, None], LAYERS, 1)
    return MoverLearner(name, learners(), space, reference, seed=0)


@pytest.mark.parametrize("name", ["svm", "logistic", "mean", "field"])
def test_every_learner_moves_towards_label_1(name: LearnerName) -> None:
    codes = normal(2, 200, WIDTH)
    mover = learner(name)(codes, (codes[:, 0] > 0).astype(np.int64))
    change = mover.move(codes, np.ones(200)) - codes
    assert change[:, 0].mean() > 4 * np.abs(change[:, 1:].mean(0)).max()


@pytest.mark.parametrize("name", ["svm", "logistic"])
def test_like_layers_have_the_normal_of_w(name: LearnerName) -> None:
    codes = normal(2, 200, WIDTH)
    labels = (codes[:, 0] > 0).astype(np.int64)
    narrow = learner(name)(codes, labels).row()[1:]
    wide = learner(name, Space.W_PLUS)(np.repeat(codes[:, None], LAYERS, 1), labels).row()[1:]
    assert wide.reshape(LAYERS, WIDTH) * LAYERS**0.5 == pytest.approx(
        np.repeat(narrow[None], LAYERS, 0), abs=1e-5
    )


def test_paired_samples_have_their_own_mover() -> None:
    sources, sides = normal(3, 6, WIDTH), np.repeat([1.0, -1.0], 3)
    step = np.array([0, 0, 2.0, 0])
    mover = learner("svm").paired(sources, sources + sides[:, None] * step, sides)
    assert mover.vector == pytest.approx(step / 2, abs=1e-6)
    assert mover.scale == pytest.approx(normal(1, 50, WIDTH)[:, 2].std(), rel=1e-5)
