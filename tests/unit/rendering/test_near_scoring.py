"""Scores near at hand are the renderer's, within rounding."""

import numpy as np
import pytest

from directrix.rendering.near_scoring import NearScoring
from directrix.types import Space
from tests.contract.toys import World, linear_world, style_world


@pytest.mark.parametrize("world", [linear_world(), style_world()], ids=["linear", "style"])
def test_scores_are_the_renderers(world: World) -> None:
    space = Space.S if Space.S in world.generator.spaces else Space.Z
    latents = world.renderer.sample(0, 0, 70, space)
    near = NearScoring(world.generator, [world.predictor])(latents)
    scores = world.renderer.score(latents)
    assert near.dtype == np.float32
    assert near == pytest.approx(scores, abs=0.02 * float(np.abs(scores).max()))
