"""Edits limited to channels: those channels are the moved latent's, everything else the start's."""

import numpy as np
import pytest
import torch

from directrix.errors import InvalidField, LayerInvalid
from directrix.traversal import FeatureReader, draw_within
from directrix.types import Space, Units
from tests.contract.toys import prior, style_world

WORLD = style_world()
LAYER = WORLD.generator.card.layers[0].name
STARTS, MOVED = (torch.from_numpy(prior(WORLD, seed, 3)) for seed in (1, 2))


def units(*channels: int, layer: str = LAYER) -> Units:
    return Units(layer, np.array(channels), np.zeros(len(channels)))


def test_only_the_chosen_channels_take_the_moved_features() -> None:
    read = FeatureReader(WORLD.generator, Space.Z, [LAYER])
    before, after = read(STARTS)[0], read(MOVED)[0]
    mixed = before.clone()
    mixed[:, [1, 4]] = after[:, [1, 4]]
    wanted = WORLD.generator.synthesise(STARTS, Space.Z, taps={LAYER: lambda _: mixed})
    found = draw_within(WORLD.generator, Space.Z, STARTS, MOVED, units(1, 4))
    assert torch.equal(found, wanted)
    assert not torch.allclose(found, WORLD.generator.synthesise(STARTS, Space.Z))


def test_nothing_moved_is_nothing_changed() -> None:
    found = draw_within(WORLD.generator, Space.Z, STARTS, STARTS, units(0, 7))
    assert torch.equal(found, WORLD.generator.synthesise(STARTS, Space.Z))


def test_unknown_layers_and_channels_are_refused() -> None:
    with pytest.raises(InvalidField, match="0 to 7"):
        draw_within(WORLD.generator, Space.Z, STARTS, MOVED, units(8))
    with pytest.raises(LayerInvalid):
        draw_within(WORLD.generator, Space.Z, STARTS, MOVED, units(0, layer="b512"))
