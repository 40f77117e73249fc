"""A scene: what the predictors at hand see in pictures: parts, points, scores, identity."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
import torch.nn.functional as F
from torch import Tensor

from directrix.criterions.face_parts import FaceParts, FacePoints
from directrix.criterions.moment_points import MomentPoints
from directrix.errors import NeedsUnmet
from directrix.predictors import Predictor
from directrix.predictors.face_identity import IdentityPredictor
from directrix.predictors.face_landmarks import LandmarkPredictor
from directrix.predictors.segmenter import SegmenterPredictor


class Parts(Protocol):
    """Which part each pixel shows."""

    @property
    def names(self) -> tuple[str, ...]: ...

    def masks(self, images: Tensor) -> Tensor:
        """[N, C, H, W] -> [N, P, H, W] in 0 ... 1; parts may overlap."""


class Points(Protocol):
    """Landmarks, in named groups."""

    @property
    def groups(self) -> Mapping[str, tuple[int, ...]]: ...

    def points(self, images: Tensor) -> Tensor:
        """[N, C, H, W] -> [N, L, 2]: x, y in pixels from the top left."""


@dataclass(frozen=True, eq=False)
class Scene:
    """The networks of a problem, and how pictures and masks are prepared for criterions.

    deviations: SD [K] of all scorers side by side, the unit of scores. side: pixels to which
    pictures are shrunk before pixels are compared; 0: as they are. margin: masks grow by this share
    of the picture's side, or shrink where it is below 0.
    """

    networks: tuple[Predictor, ...]
    deviations: np.ndarray
    side: int = 0
    margin: float = 0.0

    @cached_property
    def parts(self) -> Parts:
        """A segmenter's parts, else those that face landmarks enclose. Raises NeedsUnmet."""
        for network in self.networks:
            if isinstance(network, SegmenterPredictor):
                return _Segmented(network)
        for network in self.networks:
            if isinstance(network, LandmarkPredictor):
                return FaceParts(network)
        raise NeedsUnmet("parts of pictures need a predictor that is a segmenter or a landmarker")

    @cached_property
    def points(self) -> Points:
        """A landmarker's points, else the moments of a segmenter's parts. Raises NeedsUnmet."""
        for network in self.networks:
            if isinstance(network, LandmarkPredictor):
                return FacePoints(network)
        for network in self.networks:
            if isinstance(network, SegmenterPredictor):
                return MomentPoints(network)
        raise NeedsUnmet("landmarks need a predictor that is a landmarker or a segmenter")

    @cached_property
    def identity(self) -> IdentityPredictor:
        """Raises NeedsUnmet."""
        for network in self.networks:
            if isinstance(network, IdentityPredictor):
                return network
        raise NeedsUnmet("the identity criterion needs a predictor that embeds faces")

    def shrink(self, images: Tensor) -> Tensor:
        """[N, C, H, W] at the side at which pixels are compared."""
        if not self.side or self.side >= max(images.shape[2:]):
            return images
        return F.adaptive_avg_pool2d(images, (self.side, self.side))

    def region(self, image: Tensor, chosen: tuple[int, ...]) -> Tensor:
        """Reference [C, H, W] -> the mask of the chosen parts with its margin, [1, h, w]."""
        mask = self.parts.masks(image[None])[:, list(chosen)].sum(1, keepdim=True).clamp(0, 1)
        return self.shrink(_grown(mask, self.margin))[0]


@dataclass(frozen=True)
class _Segmented:
    network: SegmenterPredictor

    @property
    def names(self) -> tuple[str, ...]:
        return self.network.scorers

    def masks(self, images: Tensor) -> Tensor:
        return self.network.masks(images)


def _grown(mask: Tensor, margin: float) -> Tensor:
    """Dilated, or eroded below 0, by a square window: [N, 1, H, W]."""
    reach = round(abs(margin) * mask.shape[3])
    if reach == 0:
        return mask
    sign = 1.0 if margin > 0 else -1.0
    return sign * F.max_pool2d(sign * mask, 2 * reach + 1, 1, reach)
