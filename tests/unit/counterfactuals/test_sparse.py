"""The sparse search on a linear toy: as short as the closed form says."""

import numpy as np
import pytest
import torch
from torch import Tensor

from directrix.counterfactuals import SparseSearch
from directrix.predictors import Predictor
from directrix.rendering import Renderer
from directrix.types import Direction, FindingSet, Space, Status
from tests.contract.questions import keep
from tests.contract.toys import linear_world
from tests.unit.counterfactuals.latents import ask, two_classes, within

SLOPES = np.array([0.1, -0.2, 0.0, 0.3, 0.0, -0.9, 0.2, 0.5])
HERE = np.array([0.4, 0.1, -0.6, -0.2, 0.3, 0.5, 0.0, 0.2])


def test_the_shortest_flip_is_that_of_the_closed_form() -> None:
    """Of unit findings v_k it is |m| / max |slopes . v_k|, along that one, uphill."""
    world = two_classes(SLOPES)
    chance = np.random.Generator(np.random.Philox(4))
    vectors = chance.standard_normal((6, len(SLOPES)))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    digest = keep(world, *(Direction(Space.Z, vector, 1.0) for vector in vectors))
    steep = vectors @ SLOPES
    best = int(np.abs(steep).argmax())
    question = within(ask(world, HERE), finding_set=digest)
    answer = SparseSearch(tolerance=1e-5).explain(question, world.renderer)
    assert answer.status is Status.FOUND
    assert [moved.index for moved in answer.moved] == [best]
    assert answer.moved[0].alpha == pytest.approx(-float(SLOPES @ HERE) / steep[best], abs=1e-4)


class Hill(Predictor):
    """b is likelier than a near one place of another predictor's scores only."""

    def __init__(self, inner: Predictor, top: np.ndarray, height: float):
        card = inner.card.model_copy(update={"scorers": inner.card.scorers[:2]})
        super().__init__(card, inner.device)
        self._inner, self._top, self._height = inner, torch.tensor(top).float(), height

    def scores(self, images: Tensor) -> Tensor:
        missed = (self._inner.scores(images) - self._top).square().sum(1)
        return torch.stack([torch.zeros_like(missed), self._height - missed], 1)


def test_what_takes_all_findings_at_once_evolves_and_nothing_of_it_can_be_left_out() -> None:
    """The only place that is b lies seven findings away, off every grid."""
    eye = np.eye(len(SLOPES))
    world = linear_world(eye, side=64, spectrum=np.ones(len(SLOPES)), contrast=0.25)
    top = np.array([0.61, -0.83, 0.77, -0.69, 0.87, 0.53, -0.95, 0.0])
    sets: dict[str, FindingSet] = {}
    renderer = Renderer(world.generator, [Hill(world.predictor, top, 0.02)], sets.__getitem__)
    digest = keep(world, *(Direction(Space.Z, axis, 1.0) for axis in eye))
    sets.update(world.sets)
    question = within(ask(world, np.zeros(len(SLOPES))), finding_set=digest, max_alpha=3.0)
    assert SparseSearch(generations=0).explain(question, renderer).status is Status.NOT_FOUND
    answer = SparseSearch().explain(question, renderer)
    assert answer.status is Status.FOUND
    assert {moved.index for moved in answer.moved} == set(range(7))
    found = np.zeros(len(SLOPES))
    found[[moved.index for moved in answer.moved]] = [moved.alpha for moved in answer.moved]
    assert np.square(found - top).sum() < 0.03
