"""Channels on linear toys: the steepest one flips, at the closed form's distance."""

import numpy as np
import pytest

from directrix.counterfactuals import ChannelSearch, SparseSearch, explain_variously
from directrix.errors import InvalidField, NeedsUnmet
from directrix.types import Recipe, SeedSource, Space, Status
from tests.contract.toys import DIMENSION, style_world
from tests.unit.counterfactuals.latents import ask, black_box, two_classes, within

EXACT = ChannelSearch(exact=SparseSearch(tolerance=1e-5))
SLOPES = np.array([0.1, -0.2, 0.0, 0.3, 0.0, -0.9, 0.2, 0.5])
HERE = np.array([0.4, 0.1, -0.6, -0.2, 0.3, 0.5, 0.0, 0.2])


def test_the_shortest_flip_is_that_of_the_closed_form() -> None:
    """The margin rises fastest along the one channel whose slope is the largest: |m| / .9."""
    world = two_classes(SLOPES)
    answer = EXACT.explain(ask(world, HERE), world.renderer)
    assert answer.status is Status.FOUND
    (moved,) = answer.moved
    assert (moved.index, moved.channel, moved.layer, moved.space) == (5, 5, "z", Space.Z)
    assert moved.alpha == pytest.approx(float(SLOPES @ HERE) / 0.9, abs=1e-4)
    assert moved.alpha < 0 and answer.distance_sd == -moved.alpha
    assert answer.latent.values[0, 5] == pytest.approx(HERE[5] + moved.alpha, abs=1e-6)


@pytest.mark.parametrize("budget", [2000, 400])
def test_a_black_box_gives_the_same_answer(budget: int) -> None:
    world = two_classes(SLOPES, side=64)
    question = ask(world, HERE, budget=budget)
    seen = ChannelSearch().explain(question, world.renderer)
    asked = ChannelSearch().explain(question, black_box(world))
    assert [moved.index for moved in asked.moved] == [moved.index for moved in seen.moved] == [5]
    assert asked.moved[0].alpha == pytest.approx(seen.moved[0].alpha, abs=2e-3)
    assert asked.generator_calls - seen.generator_calls == 2 * DIMENSION - ChannelSearch().looks


def test_where_the_budget_is_too_small_for_every_channel_all_are_shaken() -> None:
    world = two_classes(10 * SLOPES, side=64)
    settings = ChannelSearch(keep=3, share=0.02)
    answer = settings.explain(ask(world, HERE, budget=700), black_box(world))
    assert answer.status is Status.FOUND
    assert [moved.index for moved in answer.moved] == [5]


def test_other_answers_move_other_channels() -> None:
    world = two_classes(SLOPES, side=64)
    answers = explain_variously(ask(world, HERE), world.renderer, 2, explainer=ChannelSearch())
    moved = [{each.index for each in answer.moved} for answer in answers]
    assert moved[:2] == [{5}, {7}] and len(answers) == 3
    assert not moved[2] & {5, 7}


def test_allowed_and_frozen_name_channels() -> None:
    world = two_classes(SLOPES, side=64)
    question = ask(world, HERE)
    answer = ChannelSearch().explain(within(question, frozen=(5,)), world.renderer)
    assert {moved.index for moved in answer.moved} == {7}
    only = ChannelSearch().explain(within(question, allowed=(3, 5)), world.renderer)
    assert {moved.index for moved in only.moved} == {5}
    with pytest.raises(InvalidField, match="0 to 7"):
        ChannelSearch().explain(within(question, allowed=(8,)), world.renderer)


def test_in_s_channels_are_told_by_their_layer() -> None:
    world = style_world()
    recipe = Recipe(world.generator.card.digest, SeedSource(3, 1))
    question = within(ask(world, HERE), recipe=recipe, target="")
    answer = ChannelSearch().explain(question, world.renderer)
    assert answer.status is Status.FOUND and answer.latent.space is Space.S
    layers = world.generator.channels(Space.S)
    starts = dict(zip(layers, np.cumsum([0, *layers.values()]), strict=False))
    for moved in answer.moved:
        assert moved.index == starts[moved.layer] + moved.channel
        assert moved.channel < layers[moved.layer]
    again = world.renderer.render([world.renderer.plan(answer.recipe)])
    assert np.array_equal(again.images[0], answer.image)


def test_inside_a_region_no_latent_moves() -> None:
    world = two_classes(SLOPES, side=8)
    with pytest.raises(NeedsUnmet, match="region"):
        ChannelSearch().explain(ask(world, HERE, mask=np.ones((8, 8))), world.renderer)
