"""Axes of every kind of finding, and the budget."""

import numpy as np
import pytest
from torch import Tensor

from directrix.counterfactuals import Question
from directrix.counterfactuals.finding_ground import FindingGround
from directrix.counterfactuals.ground import Axis, distance, scaled
from directrix.counterfactuals.question import go_on
from directrix.counterfactuals.trials import Spent, Trials
from directrix.errors import Cancelled
from directrix.predictors import Predictor
from directrix.rendering import Renderer
from directrix.types import (
    Direction,
    FindingSet,
    Intervention,
    Operation,
    Provenance,
    Recipe,
    SeedSource,
    Space,
    Subspace,
    Units,
)
from tests.contract.toys import World, linear_world


@pytest.fixture(scope="module")
def world() -> World:
    return linear_world()


def trials(world: World, **settings: object) -> Trials:
    generator = world.generator.card.digest
    findings = FindingSet(
        (
            Direction(Space.Z, world.axes[0], 1.0),
            Subspace(Space.Z, world.axes[1:3], np.ones(2)),
            Units("plane", np.array([0]), np.array([1.0])),
            Intervention(Space.Z, np.array([0]), np.array([1.0]), Operation.SET),
            Intervention(Space.Z, np.array([0]), np.array([1.0]), Operation.ADD),
        ),
        Provenance(method="hand", version="1", generator=generator),
    )
    recipe = Recipe(generator, SeedSource(1))
    question = Question(recipe, world.keep(findings), **settings)
    return Trials(question, world.renderer, FindingGround.of(question, world.renderer), go_on)


def test_subspaces_have_an_axis_a_row_and_whole_findings_end_at_one(world: World) -> None:
    assert trials(world, max_alpha=4.0).ground.axes == (
        Axis(0, (), 4.0),
        Axis(1, (1.0, 0.0), 4.0),
        Axis(1, (0.0, 1.0), 4.0),
        Axis(2, (), 1.0),
        Axis(3, (), 1.0),
        Axis(4, (), 4.0),
    )
    assert trials(world, allowed=(4, 0)).ground.axes == (Axis(4, (), 6.0), Axis(0, (), 6.0))


def test_every_axis_can_be_looked_at_and_is_counted(world: World) -> None:
    looking = trials(world)
    points = [((axis, 0.5),) for axis in looking.ground.axes]
    images, scores = looking.look(points)
    assert images.shape == (6, 8, 8, 1)
    assert scores.shape == (6, 3)
    assert looking.calls == 6


def test_the_budget_is_refused_before_anything_is_rendered(world: World) -> None:
    looking = trials(world, budget=5)
    looking.look([(), ()])
    assert looking.room(reserve=1) == 2
    with pytest.raises(Spent):
        looking.look([()] * 4)
    assert looking.calls == 2
    looking.look([()] * 3)
    assert looking.room(reserve=1) == 0


def test_whether_to_stop_is_asked_before_pictures_are_drawn_and_before_they_are_scored(
    world: World,
) -> None:
    """So that a search which nobody waits for ends within half of what 16 pictures cost."""
    judge, scored, asked = world.predictor, [], []

    class Counted(Predictor):
        def scores(self, images: Tensor) -> Tensor:
            scored.append(len(images))
            return judge.scores(images)

    def stop() -> None:
        asked.append(len(scored))
        if len(asked) == 5:
            raise Cancelled("the client went away")

    renderer = Renderer(world.generator, [Counted(judge.card, judge.device)], {}.__getitem__)
    renderer.score(renderer.sample(1, 0, 16, Space.Z))  # what is measured once is measured here
    scored.clear()
    question = trials(world).question
    looking = Trials(question, renderer, FindingGround.of(question, world.renderer), stop)
    with pytest.raises(Cancelled):
        looking.look([()] * 100)
    assert asked == [0, 0, 1, 1, 2]
    assert looking.calls == 32


def test_distance_and_scaling() -> None:
    point = ((Axis(0, (), 6.0), 3.0), (Axis(1, (), 6.0), -4.0))
    assert distance(point) == 5.0
    assert distance(()) == 0.0
    assert [alpha for _, alpha in scaled(point, 0.5)] == [1.5, -2.0]
