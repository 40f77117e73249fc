"""The discriminator that trains the compact style-based generator; it is not kept."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from directrix.generators.style_network import GAIN, EqualLinear


class Discriminator(nn.Module):
    """Images [N, C, 32 - 2 crop, ...] -> logits [N]; residual blocks and a minibatch deviation."""

    def __init__(self, image_channels: int, crop: int, widths: tuple[int, ...]):
        super().__init__()
        self.crop = crop
        self.first = EqualConv(image_channels, widths[0])
        self.blocks = nn.ModuleList(_Block(a, b) for a, b in zip(widths, widths[1:], strict=False))
        self.last = EqualConv(widths[-1] + 1, widths[-1])
        self.hidden = EqualLinear(widths[-1] * 16, 128)
        self.logit = EqualLinear(128, 1)

    def forward(self, images: Tensor) -> Tensor:
        x = _activate(self.first(F.pad(images, [self.crop] * 4, value=-1.0)))
        for block in self.blocks:
            x = block(x)
        x = _activate(self.last(torch.cat([x, _deviation(x)], 1)))
        return self.logit(_activate(self.hidden(x.flatten(1))))[:, 0]


class EqualConv(nn.Module):
    """A convolution whose weights are scaled at run time (equalised learning rate)."""

    def __init__(self, inputs: int, outputs: int, size: int = 3):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs, size, size))
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.scale = 1 / math.sqrt(inputs * size * size)

    def forward(self, x: Tensor) -> Tensor:
        padding = self.weight.shape[2] // 2
        return F.conv2d(x, self.weight * self.scale, self.bias, padding=padding)


class _Block(nn.Module):
    def __init__(self, inputs: int, outputs: int):
        super().__init__()
        self.conv = EqualConv(inputs, inputs)
        self.down = EqualConv(inputs, outputs)
        self.skip = EqualConv(inputs, outputs, size=1)

    def forward(self, x: Tensor) -> Tensor:
        y = _activate(self.down(F.avg_pool2d(_activate(self.conv(x)), 2)))
        return (y + self.skip(F.avg_pool2d(x, 2))) * 0.5**0.5


def _activate(x: Tensor) -> Tensor:
    return F.leaky_relu(x, 0.2) * GAIN


def _deviation(x: Tensor, group: int = 4) -> Tensor:
    """[N, C, H, W] -> [N, 1, H, W]: mean standard deviation over groups of the batch."""
    group = min(group, x.shape[0])
    while x.shape[0] % group:
        group -= 1
    y = x.float().reshape(group, -1, *x.shape[1:])
    y = ((y - y.mean(0)).square().mean(0) + 1e-8).sqrt().mean((1, 2, 3)).to(x.dtype)
    return y.repeat(group)[:, None, None, None].expand(-1, 1, *x.shape[2:])
