"""Adapter of small segmenters: which part of the scene does each pixel show?

A U-shaped network: blocks of (Conv 3x3, BatchNorm, ReLU), twice each, 2x2 max-pooling on the way
down, doubling and the same level's features on the way up, then one 1x1 convolution to the parts.
Its scorers are the parts; their scores are the shares of the picture that they cover. Tensors: the
state of a `SegmenterNetwork`. Source: Ronneberger et al., "U-Net" (arXiv 1505.04597), figure 1.
"""

from collections.abc import Mapping

import numpy as np
import torch
from pydantic import Field
from torch import Tensor, nn

from directrix.errors import ModelInvalid
from directrix.networks import AdapterConfig, Width, load, read_config
from directrix.predictors.predictor import Predictor
from directrix.types import ImageCard, PredictorCard


class Config(AdapterConfig):
    """config of a card whose architecture is "segmenter"; widths from the finest level down."""

    widths: tuple[Width, ...] = Field(min_length=1, max_length=7)


class SegmenterNetwork(nn.Module):
    """Images [N, C, H, W] in [-1, 1] -> logits of the parts [N, P, H, W]."""

    def __init__(self, config: Config | Mapping[str, object], image: ImageCard, parts: int):
        super().__init__()
        settings = config if isinstance(config, Config) else read_config(Config, config)
        widths = settings.widths
        shrink = 2 ** (len(widths) - 1)
        if image.height % shrink or image.width % shrink:
            raise ModelInvalid("the model card pools more often than its images can be halved")
        down = zip((image.channels, *widths), widths, strict=False)
        self.down = nn.ModuleList(_block(a, b) for a, b in down)
        up = zip(widths[::-1], widths[-2::-1], strict=False)
        self.up = nn.ModuleList(_block(a + b, b) for a, b in up)
        self.outputs = nn.Conv2d(widths[0], parts, 1)

    def maps(self, images: Tensor) -> list[Tensor]:
        """[N, C, H, W] -> what each block on the way down gives, from fine to coarse."""
        kept: list[Tensor] = []
        for block in self.down:
            kept.append(block(nn.functional.max_pool2d(kept[-1], 2) if kept else images))
        return kept

    def forward(self, images: Tensor) -> Tensor:
        kept = self.maps(images)
        x = kept[-1]
        for block, finer in zip(self.up, kept[-2::-1], strict=True):
            doubled = nn.functional.interpolate(x, scale_factor=2, mode="nearest")
            x = block(torch.cat([doubled, finer], 1))
        return self.outputs(x)


class SegmenterPredictor(Predictor):
    """A frozen `SegmenterNetwork` behind the predictors' face, with masks beside the scores."""

    def __init__(self, card: PredictorCard, network: SegmenterNetwork, device: torch.device):
        super().__init__(card, device)
        self._network = network

    def masks(self, images: Tensor) -> Tensor:
        """Images [N, C, H, W] -> probabilities of the parts [N, P, H, W], differentiable.

        The parts are the scorers, in their order; the probabilities of a pixel sum to 1.
        """
        return self._network(images).softmax(1)

    def maps(self, images: Tensor) -> list[Tensor]:
        """What each block on the way down gives (`Embedder`)."""
        return self._network.maps(images)

    def scores(self, images: Tensor) -> Tensor:
        """[N, P]: the share of the picture that each part covers, 0 ... 1; they sum to 1."""
        return self.masks(images).mean((2, 3))


def build(
    card: PredictorCard, arrays: Mapping[str, np.ndarray], device: torch.device
) -> SegmenterPredictor:
    """Raises ModelInvalid where card and tensors do not agree."""
    config = read_config(Config, card.config)
    network = load(lambda: SegmenterNetwork(config, card.image, len(card.scorers)), arrays, device)
    return SegmenterPredictor(card, network, device)


def _block(inputs: int, width: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    for size in (inputs, width):
        layers += [
            nn.Conv2d(size, width, 3, padding=1, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(),
        ]
    return nn.Sequential(*layers)
