"""First-order effects of channels, beside what moving one of them does when it is drawn."""

from functools import partial

import numpy as np
import pytest
import torch
from torch import Tensor

from directrix.densities import linear
from directrix.population import latents
from directrix.traversal import (
    FeatureReader,
    channel_effects,
    draw_within,
    judge_side_by_side,
)
from directrix.types import Space, Units
from tests.contract.toys import DIMENSION, style_world

COUNT = 20


def test_a_small_move_of_one_channel_does_what_was_told() -> None:
    world = style_world()
    layer = world.generator.card.layers[0].name
    reader = FeatureReader(world.generator, Space.Z, [layer])
    starts = torch.from_numpy(latents(3, 0, COUNT, DIMENSION))
    away = torch.zeros(1, 2, DIMENSION)
    away[0, :, 0] = torch.tensor([1e-3, 2e-3])
    judge = partial(judge_side_by_side, (world.predictor,))
    told = channel_effects(reader, judge, linear, starts, away)
    (features,) = reader(starts)
    assert told.shape[:4] == (1, features.shape[1], 2, COUNT)

    @torch.no_grad()
    def scores(images: Tensor) -> np.ndarray:
        return judge(images.clamp(-1, 1)).double().numpy()

    before = scores(world.generator.synthesise(starts, Space.Z))
    moved = linear(starts, away[0, 1].expand_as(starts))
    for channel in range(features.shape[1]):
        units = Units(layer, np.array([channel]), np.zeros(1))
        drawn = scores(draw_within(world.generator, Space.Z, starts, moved, units)) - before
        size = float(np.abs(told[0, :, 1]).max())
        assert told[0, channel, 1] == pytest.approx(drawn, abs=0.05 * size)
