"""Landmarks of any segmenter: the middle and the four ends of each part, from its moments.

The expectation of a normalised heat-map is how landmark networks read points; here the heat-map is
the part's mask. The ends lie two SD from the middle: at the edge, where the part is an ellipse.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from directrix.predictors.segmenter import SegmenterPredictor

ENDS = 5
"""Points a part: middle, left, right, top, bottom."""

LEAST = 1e-3
"""Share of the picture that is added to a part's mass: a part that is absent stays finite."""


@dataclass(frozen=True)
class MomentPoints:
    """[N, 5 P, 2] in pixels; the points of an absent part lie still in the picture's middle."""

    network: SegmenterPredictor

    @property
    def groups(self) -> Mapping[str, tuple[int, ...]]:
        names = self.network.scorers
        return {n: tuple(range(ENDS * i, ENDS * (i + 1))) for i, n in enumerate(names)}

    def points(self, images: Tensor) -> Tensor:
        masks = self.network.masks(images)
        height, width = masks.shape[2:]
        mass = masks.mean((2, 3)) + LEAST
        along_x = (torch.arange(width).to(masks) - (width - 1) / 2, masks.mean(2))
        along_y = (torch.arange(height).to(masks) - (height - 1) / 2, masks.mean(3))
        (x, dx), (y, dy) = (_moments(*along, mass) for along in (along_x, along_y))
        x, y = x + (width - 1) / 2, y + (height - 1) / 2
        ends = [(x, y), (x - 2 * dx, y), (x + 2 * dx, y), (x, y - 2 * dy), (x, y + 2 * dy)]
        return torch.stack([torch.stack(end, 2) for end in ends], 2).flatten(1, 2)


def _moments(places: Tensor, shares: Tensor, mass: Tensor) -> tuple[Tensor, Tensor]:
    """Places [W] and shares [N, P, W] with mean mass over W -> mean and SD [N, P]."""
    mean = (shares * places).mean(2) / mass
    square = (shares * (places - mean[:, :, None]).square()).mean(2) / mass
    return mean, (square + 1e-4).sqrt()
