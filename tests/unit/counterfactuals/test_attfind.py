"""AttFind on linear toys: channels go to the ends of the population, and are named in order."""

import numpy as np
import pytest

from directrix.counterfactuals import AttFind
from directrix.counterfactuals.attfind import SEED
from directrix.types import Recipe, SeedSource, Space, Status
from tests.contract.toys import DIMENSION, style_world
from tests.unit.counterfactuals.latents import ask, black_box, two_classes, within

PLANTED = np.array([0.0, -3.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0])
HERE = np.array([0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0])


def test_the_planted_channel_comes_first_and_goes_to_its_end() -> None:
    world = two_classes(PLANTED, side=32)
    answer = AttFind().explain(ask(world, HERE), world.renderer)
    assert answer.status is Status.FOUND
    (moved,) = answer.moved
    least = world.renderer.sample(SEED, 0, 250, Space.Z).values[:, 1].min()
    assert (moved.index, moved.alpha) == (1, pytest.approx(least - 1.0, abs=1e-5))
    assert answer.generator_calls >= 2 * DIMENSION


@pytest.mark.parametrize("selection", ["subset", "independent"])
def test_more_channels_where_one_is_not_enough(selection: str) -> None:
    world = two_classes(PLANTED, side=32)
    question = ask(world, 3 * HERE, max_alpha=2.0)
    not_enough = AttFind(selection=selection).explain(question, world.renderer)
    assert not_enough.status is Status.NOT_FOUND
    first, second, *rest = not_enough.moved
    assert [(each.index, each.alpha) for each in (first, second)] == [(1, -2.0), (4, 2.0)]
    assert abs(sum(each.contribution or 0.0 for each in rest)) < 0.05  # pixels' rounding
    both = within(question, max_alpha=2.8)
    answer = AttFind(selection=selection).explain(both, world.renderer)
    assert answer.status is Status.FOUND
    assert [moved.index for moved in answer.moved] == [1, 4]


def test_it_asks_for_no_gradient() -> None:
    world = two_classes(PLANTED, side=32)
    seen = AttFind().explain(ask(world, HERE), world.renderer)
    asked = AttFind().explain(ask(world, HERE), black_box(world))
    assert seen.moved == asked.moved


def test_a_budget_that_does_not_reach_is_told() -> None:
    world = two_classes(PLANTED, side=32)
    answer = AttFind().explain(ask(world, HERE, budget=16), world.renderer)
    assert answer.status is Status.NOT_FOUND
    assert "takes 16 images" in answer.cause and "budget" in answer.cause
    assert answer.generator_calls == 1


def test_channels_of_image_layers_stay_where_they_are() -> None:
    world = style_world()
    question = within(
        ask(world, HERE), recipe=Recipe(world.generator.card.digest, SeedSource(3, 1)), target=""
    )
    ground = AttFind().ground(question, world.renderer, lambda: None)
    layers = {name for name in world.generator.channels(Space.S) if "image" not in name}
    moved = ground.moved(tuple((axis, 1.0) for axis in ground.axes), [None] * len(ground.axes))
    assert {each.layer for each in moved} == layers
