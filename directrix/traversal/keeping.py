"""Edits limited to channels of one layer: x = G2(m o G1(z_dp) + (1 - m) o G1(z0)).

Source: Li et al. (ACM MM 2021), semantic refinement. All that comes after the layer sees the latent
as it was, so that in a style-based generator nothing else of the edit gets through.
"""

import torch
from torch import Tensor

from directrix.errors import InvalidField
from directrix.generators import Generator
from directrix.traversal.features import FeatureReader
from directrix.types import Space, Units


def draw_within(
    generator: Generator, space: Space, starts: Tensor, moved: Tensor, units: Units
) -> Tensor:
    """Images [n, C, H, W] of starts [n, ...] whose channels `units` are those of moved [n, ...].

    Only layer and channels of the units count. Raises LayerInvalid, InvalidField.
    """
    (features,) = FeatureReader(generator, space, [units.layer])(moved)
    if units.channels.max() >= features.shape[1]:
        raise InvalidField(
            f"layer {units.layer} has channels 0 to {features.shape[1] - 1}, "
            f"not {units.channels.max()}",
            field="units.channels",
        )
    channels = torch.from_numpy(units.channels.copy()).to(features.device)

    def tap(before: Tensor) -> Tensor:
        after = before.clone()
        after[:, channels] = features[:, channels]
        return after

    return generator.synthesise(starts, space, taps={units.layer: tap})
