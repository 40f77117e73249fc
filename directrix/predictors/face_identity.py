"""Adapter of the face descriptor: 128 numbers that lie near each other for one person.

Source: `faceRecognitionNet` of face-api (npm `@vladmandic/face-api` 1.7.15, MIT), a residual
network after He et al. (arXiv 1512.03385) whose ways around are mean pooling. Its scales are folded
into the convolutions here. Tensors: the state of an `IdentityNetwork`.
"""

from collections.abc import Mapping

import numpy as np
import torch
import torch.nn.functional as F
from pydantic import Field
from torch import Tensor, nn

from directrix.errors import ModelInvalid
from directrix.networks import AdapterConfig, Width, read_config
from directrix.predictors.face_layers import centre, check_card, load_last, resize
from directrix.predictors.predictor import Predictor
from directrix.types import PredictorCard


class Config(AdapterConfig):
    """config of a card whose architecture is "face-identity".

    side: pixels of the square input. widths and depths: channels and plain residual blocks of each
    stage; every stage but the first begins by halving the size. A last block halves once more.
    """

    side: int = Field(ge=32, le=512)
    widths: tuple[Width, ...] = Field(min_length=1, max_length=6)
    depths: tuple[int, ...] = Field(min_length=1, max_length=6)


class IdentityNetwork(nn.Module):
    """Pixels [N, 3, side, side] in 0..255 -> descriptors [N, outputs]."""

    def __init__(self, config: Config, outputs: int):
        super().__init__()
        if len(config.widths) != len(config.depths):
            raise ModelInvalid("the model card has as many widths as depths")
        self.first = nn.Conv2d(3, config.widths[0], 7, 2)
        blocks: list[nn.Module] = []
        inputs = config.widths[0]
        for stage, (width, depth) in enumerate(zip(config.widths, config.depths, strict=True)):
            blocks += [Block(inputs, width, down=True)] if stage else []
            blocks += [Block(width, width, down=False) for _ in range(depth)]
            inputs = width
        self.blocks = nn.ModuleList([*blocks, Block(inputs, inputs, down=True)])
        self.descriptor = nn.Linear(inputs, outputs, bias=False)

    def maps(self, pixels: Tensor) -> list[Tensor]:
        """What each stage ends with, from fine to coarse: the blocks before every halving."""
        x = F.max_pool2d(torch.relu(self.first(centre(pixels))), 3, 2)
        found: list[Tensor] = []
        for block in self.blocks:
            if block.down:
                found.append(x)
            x = block(x)
        return [*found, x]

    def forward(self, pixels: Tensor) -> Tensor:
        return self.descriptor(self.maps(pixels)[-1].mean((2, 3)))


class Block(nn.Module):
    """Two convolutions and a way around; going down, the first one is unpadded with stride 2."""

    def __init__(self, inputs: int, outputs: int, down: bool):
        super().__init__()
        stride, padding = (2, 0) if down else (1, 1)
        self.down = down
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, padding)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        y = self.conv2(torch.relu(self.conv1(x)))
        around = F.avg_pool2d(x, 2) if self.down else x
        height, width = (a - b for a, b in zip(around.shape[2:], y.shape[2:], strict=True))
        y = F.pad(y, (0, width, 0, height))
        around = F.pad(around, (0, 0, 0, 0, 0, y.shape[1] - around.shape[1]))
        return torch.relu(around + y)


class IdentityPredictor(Predictor):
    """A frozen `IdentityNetwork`; the scorers are the descriptor's coordinates."""

    def __init__(
        self, card: PredictorCard, config: Config, network: IdentityNetwork, device: torch.device
    ):
        super().__init__(card, device)
        self._side, self._network = config.side, network

    def embed(self, images: Tensor) -> Tensor:
        """Images [N, 3, H, W] in [-1, 1] -> descriptors [N, 128], differentiable.

        Two pictures are commonly taken for one person at a Euclidean distance below 0.6.
        """
        return self._network(resize(images, self._side))

    def maps(self, images: Tensor) -> list[Tensor]:
        """What each stage of the network ends with (`Embedder`)."""
        return self._network.maps(resize(images, self._side))

    def scores(self, images: Tensor) -> Tensor:
        return self.embed(images)


def build(
    card: PredictorCard, arrays: Mapping[str, np.ndarray], device: torch.device
) -> IdentityPredictor:
    """Raises ModelInvalid where card and tensors do not agree."""
    config = read_config(Config, card.config)
    check_card(card, [f"d{i}" for i in range(len(card.scorers))])
    network = load_last(lambda: IdentityNetwork(config, len(card.scorers)), arrays, device)
    return IdentityPredictor(card, config, network, device)
