"""Moves within channels take the moved latent's features there; all else stays the start's."""

import numpy as np
import pytest
import torch

from directrix.archive import to_pixels
from directrix.errors import InvalidField
from directrix.traversal import draw_within
from directrix.types import FindingRef, Form, Space, Units
from tests.unit.rendering.world import MASK, STYLE_FINDINGS, World, mixed, move

UNITS = FindingRef("found", 7)


def within(index: int, alpha: float = 4.0, **settings):
    return move(index, alpha, within=UNITS, **settings)


@pytest.mark.parametrize("index", [0, 1, 4])
def test_only_the_units_channels_change(world: World, index: int) -> None:
    """In Z, W and S alike: the picture is the one that the formula draws."""
    space = (Space.Z, Space.W, Space.S)[(0, 1, 4).index(index)]
    starts = torch.from_numpy(world.renderer.sample(3, 0, 1, space).values.copy())
    moved = starts.clone()
    finding = STYLE_FINDINGS[index]
    moved += torch.from_numpy(4.0 * finding.scale * finding.vector)
    with torch.no_grad():
        wanted = draw_within(world.generator, space, starts, moved, STYLE_FINDINGS[7])
    made = world.image(within(index)).astype(int)
    assert np.abs(made - to_pixels(wanted.numpy())[0]).max() <= 1
    assert not np.array_equal(made, world.image())
    assert not np.array_equal(made, world.image(move(index, 4.0)))


def test_moves_within_the_same_channels_share_a_latent(world: World) -> None:
    """Two half moves are the whole one."""
    halves = world.image(within(1, 2.0), within(1, 2.0))
    assert np.array_equal(halves, world.image(within(1, 4.0)))


def test_a_move_within_channels_starts_where_the_others_end(world: World) -> None:
    both = world.image(move(9, 3.0), within(1))
    assert not np.array_equal(both, world.image(within(1)))
    assert not np.array_equal(both, world.image(move(9, 3.0)))


def test_rows_do_not_depend_on_their_companions(world: World) -> None:
    recipes = mixed(world, 6) + [
        world.recipe(within(1, alpha), move(7, 0.3), index=i) for i, alpha in enumerate((1.0, 3.0))
    ]
    plans = [world.renderer.plan(recipe) for recipe in recipes]
    together = world.renderer.render(plans).images
    for plan, image in zip(plans, together, strict=True):
        assert np.array_equal(world.renderer.render([plan]).images[0], image)
    assert world.renderer.render(plans, Form.PREVIEW).images.shape == together.shape


def test_what_cannot_be_is_refused(world: World) -> None:
    with pytest.raises(InvalidField, match="not within a direction"):
        world.image(move(1, within=FindingRef("found", 0)))
    with pytest.raises(InvalidField, match="of their own"):
        world.image(within(7))
    with pytest.raises(InvalidField, match="not both"):
        within(1, mask=MASK)
    with pytest.raises(InvalidField, match="not both"):
        world.image(within(1), move(9, mask=MASK))
    far = (Units("b8_conv0", np.array([99]), np.zeros(1)),)
    world.sets["far"] = type(world.sets["found"])(far, world.sets["found"].provenance)
    with pytest.raises(InvalidField, match="channels 0 to"):
        world.image(move(1, within=FindingRef("far", 0)))


def test_a_recipe_needs_the_sets_of_what_it_is_kept_within(world: World) -> None:
    recipe = world.recipe(move(1, within=FindingRef("units", 2)))
    assert recipe.finding_sets() == {"found", "units"}
