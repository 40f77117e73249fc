"""Adapter of face landmarks: 68 points, and what can be measured between them.

Source: `faceLandmarkNet` of face-api (npm `@vladmandic/face-api` 1.7.15, MIT).
Tensors: the state of a `LandmarkNetwork`. Scorers: names of `face_geometry.MEASURES`, and TRUST.
"""

from collections.abc import Mapping

import numpy as np
import torch
from pydantic import Field
from torch import Tensor, nn

from directrix.networks import AdapterConfig, Width, read_config
from directrix.predictors import face_geometry
from directrix.predictors.face_features import DenseFeatures
from directrix.predictors.face_layers import centre, check_card, load_last, resize
from directrix.predictors.predictor import Predictor
from directrix.types import PredictorCard

TRUST = "believable"
"""The scorer that is above 0 where the landmarks can be believed (`face_geometry.trust`)."""

SCORERS = (*face_geometry.MEASURES, TRUST)


class Config(AdapterConfig):
    """config of a card whose architecture is "face-landmarks".

    side: pixels of the square input. widths: of the dense blocks. mirror: whether points are the
    mean over the picture and its mirror image, which halves the speed and the noise.
    """

    side: int = Field(ge=16, le=512)
    widths: tuple[Width, ...] = Field(min_length=1, max_length=6)
    mirror: bool = False


class LandmarkNetwork(nn.Module):
    """Pixels [N, 3, side, side] in 0..255 -> points [N, 68, 2]: x, y in 0..1 of the square."""

    def __init__(self, config: Config):
        super().__init__()
        self.features = DenseFeatures(config.widths)
        self.points = nn.Linear(config.widths[-1], 2 * face_geometry.POINTS)

    def forward(self, pixels: Tensor) -> Tensor:
        return self.points(self.features(centre(pixels))).unflatten(1, (-1, 2))


class LandmarkPredictor(Predictor):
    """A frozen `LandmarkNetwork` and measures of its points."""

    def __init__(
        self, card: PredictorCard, config: Config, network: LandmarkNetwork, device: torch.device
    ):
        super().__init__(card, device)
        self._config, self._network = config, network

    def points(self, images: Tensor) -> Tensor:
        """Images [N, 3, H, W] in [-1, 1] -> points [N, 68, 2] in 0..1 from the top left."""
        return self._middle(*self._views(images, both=False))

    def plausible(self, images: Tensor) -> Tensor:
        """Which landmarks can be believed: bool [N]."""
        return face_geometry.trust(*self._views(images)) > 0

    def scores(self, images: Tensor) -> Tensor:
        views = self._views(images, both=TRUST in self.scorers)
        frame = face_geometry.Frame(self._middle(*views))
        return torch.stack(
            [
                face_geometry.trust(*views)
                if name == TRUST
                else face_geometry.MEASURES[name].of(frame, images)
                for name in self.scorers
            ],
            1,
        )

    def _views(self, images: Tensor, both: bool = True) -> tuple[Tensor, Tensor]:
        """Points of the picture, and those of its mirror image turned back: the same ones where
        neither the config nor the caller asks for them."""
        here = self._once(images)
        if not (both or self._config.mirror):
            return here, here
        return here, face_geometry.mirror(self._once(images.flip(3)))

    def _middle(self, here: Tensor, there: Tensor) -> Tensor:
        return (here + there) / 2 if self._config.mirror else here

    def _once(self, images: Tensor) -> Tensor:
        return self._network(resize(images, self._config.side))


def build(
    card: PredictorCard, arrays: Mapping[str, np.ndarray], device: torch.device
) -> LandmarkPredictor:
    """Raises ModelInvalid where card and tensors do not agree."""
    config = read_config(Config, card.config)
    check_card(card, SCORERS)
    network = load_last(lambda: LandmarkNetwork(config), arrays, device)
    return LandmarkPredictor(card, config, network, device)
