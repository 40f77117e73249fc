"""Adapter of small convolutional classifiers and regressors.

Blocks of (Conv 3x3, BatchNorm, ReLU) with 2x2 max-pooling between them, then a hidden linear layer
with ReLU and the outputs. Tensors: the state of a `ConvolutionalNetwork`.
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
    """config of a card whose architecture is "convolutional".

    blocks: widths of the convolutions, block after block. hidden: width before the outputs.
    dropout: share of hidden units left out in training; nothing in a frozen predictor.
    """

    blocks: tuple[tuple[Width, ...], ...] = Field(min_length=1, max_length=8)
    hidden: int = Field(ge=1, le=8192)
    dropout: float = Field(ge=0, lt=1, default=0.0)


class ConvolutionalNetwork(nn.Module):
    """Images [N, C, H, W] in [-1, 1] -> [N, outputs]; `features` gives the hidden layer."""

    def __init__(self, config: Config | Mapping[str, object], image: ImageCard, outputs: int):
        super().__init__()
        settings = config if isinstance(config, Config) else read_config(Config, config)
        self.blocks = nn.ModuleList()
        inputs: int = image.channels
        for widths in settings.blocks:
            self.blocks.append(_block(inputs, widths))
            inputs = widths[-1]
        shrink = 2 ** (len(settings.blocks) - 1)
        flat = inputs * (image.height // shrink) * (image.width // shrink)
        if flat == 0:
            raise ModelInvalid("the model card pools more often than its images allow")
        self.hidden = nn.Linear(flat, settings.hidden)
        self.dropout = nn.Dropout(settings.dropout)
        self.outputs = nn.Linear(settings.hidden, outputs)

    def maps(self, images: Tensor) -> list[Tensor]:
        """[N, C, H, W] -> what each block gives, [N, width, h, w], from fine to coarse."""
        found: list[Tensor] = []
        for block in self.blocks:
            found.append(block(nn.functional.max_pool2d(found[-1], 2) if found else images))
        return found

    def hidden_of(self, maps: list[Tensor]) -> Tensor:
        """The hidden layer [N, hidden], after the ReLU, on top of the coarsest map."""
        return torch.relu(self.hidden(maps[-1].flatten(1)))

    def features(self, images: Tensor) -> Tensor:
        """[N, C, H, W] -> [N, hidden], after the ReLU."""
        return self.hidden_of(self.maps(images))

    def forward(self, images: Tensor) -> Tensor:
        return self.outputs(self.dropout(self.features(images)))


class ConvolutionalPredictor(Predictor):
    """A frozen `ConvolutionalNetwork` behind the predictors' face."""

    def __init__(self, card: PredictorCard, network: ConvolutionalNetwork, device: torch.device):
        super().__init__(card, device)
        self._network = network

    def scores(self, images: Tensor) -> Tensor:
        return self._network(images)

    def maps(self, images: Tensor) -> list[Tensor]:
        """What each block gives (`Embedder`)."""
        return self._network.maps(images)


def build(
    card: PredictorCard, arrays: Mapping[str, np.ndarray], device: torch.device
) -> ConvolutionalPredictor:
    """Raises ModelInvalid where card and tensors do not agree."""
    config = read_config(Config, card.config)
    network = load(
        lambda: ConvolutionalNetwork(config, card.image, len(card.scorers)), arrays, device
    )
    return ConvolutionalPredictor(card, network, device)


def _block(inputs: int, widths: tuple[int, ...]) -> nn.Sequential:
    layers: list[nn.Module] = []
    for width in widths:
        layers += [
            nn.Conv2d(inputs, width, 3, padding=1, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(),
        ]
        inputs = width
    return nn.Sequential(*layers)
