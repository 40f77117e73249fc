"""What the face adapters share: their input, TensorFlow's padding, separable convolutions.

Source: the networks of face-api (npm `@vladmandic/face-api` 1.7.15, MIT), whose TypeScript was read
as their specification. Its "same" padding is asymmetric: one more behind than before.
"""

from collections.abc import Callable, Collection, Mapping
from typing import TypeVar

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from directrix.errors import ModelInvalid
from directrix.networks import load
from directrix.types import PredictorCard

Network = TypeVar("Network", bound=nn.Module)

MEAN = (122.782, 117.001, 104.298)
"""Red, green and blue, of 0..255, that the networks take off their input."""


def check_card(card: PredictorCard, scorers: Collection[str]) -> None:
    """Raises ModelInvalid for grey images and for scorers that the adapter does not know."""
    if card.image.channels != 3:
        raise ModelInvalid(f"{card.architecture} reads images of 3 channels")
    for scorer in card.scorers:
        if scorer.name not in scorers:
            raise ModelInvalid(
                f"{card.architecture} has no scorer {scorer.name!r}: it has {', '.join(scorers)}"
            )


def load_last(
    build: Callable[[], Network], arrays: Mapping[str, np.ndarray], device: torch.device
) -> Network:
    """As `networks.load`, with channels last: separable convolutions are twice as fast so."""
    return load(build, arrays, device).to(memory_format=torch.channels_last)


def resize(images: Tensor, side: int) -> Tensor:
    """[N, 3, h, w] in [-1, 1] -> pixels [N, 3, side, side] in 0..255, bilinear."""
    pixels = (images + 1) * 127.5
    if pixels.shape[2:] == (side, side):
        return pixels
    return F.interpolate(pixels, (side, side), mode="bilinear", align_corners=False)


def centre(pixels: Tensor) -> Tensor:
    """0..255 -> what the first convolution takes: without the mean colour, by 255."""
    return (pixels - pixels.new_tensor(MEAN)[:, None, None]) / 255


def pad_same(x: Tensor, window: int, stride: int, value: float = 0.0) -> Tensor:
    """Pads [N, C, h, w] so that a window moved by `stride` gives ceil(h / stride) outputs."""
    height, width = (_missing(size, window, stride) for size in x.shape[2:])
    sides = (width // 2, width - width // 2, height // 2, height - height // 2)
    return F.pad(x, sides, value=value)


class SameConv(nn.Module):
    """A convolution with bias and "same" padding."""

    def __init__(self, inputs: int, outputs: int, window: int, stride: int):
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, window, stride)
        self.window, self.stride = window, stride

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(pad_same(x, self.window, self.stride))


class SeparableConv(nn.Module):
    """Depthwise 3x3 with "same" padding, then pointwise with bias."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1):
        super().__init__()
        inside = 1 if stride == 1 else 0  # symmetric, so the convolution can pad by itself
        self.depthwise = nn.Conv2d(inputs, inputs, 3, stride, inside, groups=inputs, bias=False)
        self.pointwise = nn.Conv2d(inputs, outputs, 1)
        self.stride = stride

    def forward(self, x: Tensor) -> Tensor:
        padded = x if self.stride == 1 else pad_same(x, 3, self.stride)
        return self.pointwise(self.depthwise(padded))


def _missing(size: int, window: int, stride: int) -> int:
    outputs = -(-size // stride)
    return max((outputs - 1) * stride + window - size, 0)
