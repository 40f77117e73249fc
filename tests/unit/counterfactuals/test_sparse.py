"""The sparse search on a linear toy: as short as the closed form says."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from directrix.counterfactuals import Question, SparseSearch
from directrix.predictors import Predictor
from directrix.rendering import Renderer
from directrix.types import Direction, Space, Status
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


TOP = np.array([0.61, -0.83, 0.77, -0.69, 0.87, 0.53, -0.95, 0.0])


def hill() -> tuple[Renderer, Question]:
    """The only place that is b lies seven findings away, off every grid."""
    eye = np.eye(len(SLOPES))
    world = linear_world(eye, side=64, spectrum=np.ones(len(SLOPES)), contrast=0.25)
    digest = keep(world, *(Direction(Space.Z, axis, 1.0) for axis in eye))
    renderer = Renderer(world.generator, [Hill(world.predictor, TOP, 0.02)], world.sets.__getitem__)
    here = np.zeros(len(SLOPES))
    return renderer, within(ask(world, here), finding_set=digest, max_alpha=3.0)


def test_what_takes_all_findings_at_once_evolves_and_nothing_of_it_can_be_left_out() -> None:
    renderer, question = hill()
    assert SparseSearch(evolutions=()).explain(question, renderer).status is Status.NOT_FOUND
    answer = SparseSearch().explain(question, renderer)
    assert answer.status is Status.FOUND
    assert {moved.index for moved in answer.moved} == set(range(7))
    found = np.zeros(len(SLOPES))
    found[[moved.index for moved in answer.moved]] = [moved.alpha for moved in answer.moved]
    assert np.square(found - TOP).sum() < 0.03


def test_a_wider_evolution_finds_what_a_short_one_has_missed() -> None:
    renderer, question = hill()
    for evolutions, status in (((16, 2),), Status.NOT_FOUND), (((16, 2), (32, 60)), Status.FOUND):
        answer = SparseSearch(evolutions=evolutions).explain(question, renderer)
        assert answer.status is status


@pytest.mark.parametrize("missing", [100, 200])
def test_where_the_budget_ends_first_nothing_can_be_left_out_either(missing: int) -> None:
    """1295 images are what it takes when nothing is short."""
    renderer, question = hill()
    answer = SparseSearch().explain(within(question, budget=1295 - missing), renderer)
    assert answer.status is Status.FOUND
    for place in range(len(answer.moves)):
        moves = answer.moves[:place] + answer.moves[place + 1 :]
        plan = renderer.plan(replace(question.recipe, moves=moves))
        assert renderer.render([plan]).scores[0].argmax() == 0
