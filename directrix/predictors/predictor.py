"""Predictor: a frozen network image -> named scalars, the same face for every architecture."""

from abc import ABC, abstractmethod
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor

from directrix.errors import InvalidField, PredictorMismatch
from directrix.types import ImageCard, PredictorCard


class Predictor(ABC):
    """A frozen predictor on one device. Its scorers are the card's, in the outputs' order."""

    def __init__(self, card: PredictorCard, device: torch.device):
        self.card = card
        self.device = device

    @property
    def scorers(self) -> tuple[str, ...]:
        return tuple(scorer.name for scorer in self.card.scorers)

    def index(self, scorer: str) -> int:
        """The position of a scorer. Raises InvalidField, naming the known ones."""
        if scorer not in self.scorers:
            raise InvalidField(
                f"predictor {self.card.name} has no scorer {scorer!r}: it has "
                f"{', '.join(self.scorers)}",
                field="scorer",
            )
        return self.scorers.index(scorer)

    def check_images(self, image: ImageCard) -> None:
        """Raises PredictorMismatch where it cannot read images of this layout."""
        mine = self.card.image
        if (mine.channels, mine.height, mine.width) != (image.channels, image.height, image.width):
            raise PredictorMismatch(
                f"predictor {self.card.name} reads {mine.channels} x {mine.height} x {mine.width} "
                f"images, not {image.channels} x {image.height} x {image.width}"
            )

    @abstractmethod
    def scores(self, images: Tensor) -> Tensor:
        """Images [N, C, H, W] in [-1, 1] -> scores [N, K], differentiable."""


@runtime_checkable
class Embedder(Protocol):
    """A predictor with feature maps: what a perceptual distance is made of."""

    card: PredictorCard

    def maps(self, images: Tensor) -> list[Tensor]:
        """Images [N, C, H, W] in [-1, 1] -> maps [N, width, h, w], from fine to coarse."""


def embedder(predictor: Predictor) -> Embedder:
    """The predictor's other face. Raises PredictorMismatch where it has no feature maps."""
    if not isinstance(predictor, Embedder):
        raise PredictorMismatch(
            f"predictor {predictor.card.name} ({predictor.card.architecture}) has no feature maps: "
            "a perceptual term takes a convolutional, segmenter or face-identity predictor"
        )
    return predictor
