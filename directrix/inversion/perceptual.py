"""Perceptual distance: how far two images are apart in the feature maps of a frozen network.

Source: Zhang et al., "The Unreasonable Effectiveness of Deep Features as a Perceptual Metric"
(arXiv 1801.03924), eq. 1, with all weights 1: every map is scaled to unit length over its channels
at every place, squared differences are summed over channels and averaged over places, and the maps
count alike.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

TINY = 1e-10


def normalised(maps: Sequence[Tensor]) -> list[Tensor]:
    """Maps [N, C, h, w] with unit length over the channels; a place without features stays 0."""
    return [m * torch.rsqrt(m.square().sum(1, keepdim=True) + TINY) for m in maps]


def distance(made: Sequence[Tensor], target: Sequence[Tensor]) -> Tensor:
    """[N], from 0 to 4: the mean over maps of two images' `normalised` ones."""
    parts = [
        (a - b).square().sum(1).mean((1, 2)) for a, b in zip(normalised(made), target, strict=True)
    ]
    return torch.stack(parts).mean(0)
