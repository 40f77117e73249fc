"""The two bodies of the face networks: dense blocks and a small Xception.

Source: `faceFeatureExtractor` and `xception` of face-api (npm `@vladmandic/face-api` 1.7.15, MIT);
Chollet (arXiv 1610.02357) for the latter. Names of tensors follow the original's.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from directrix.predictors.face_layers import SameConv, SeparableConv, pad_same


class DenseFeatures(nn.Module):
    """Centred input [N, 3, s, s] -> [N, widths[-1]]: dense blocks, each halving the size."""

    def __init__(self, widths: Sequence[int]):
        super().__init__()
        inputs = (3, *widths[:-1])
        self.dense = nn.ModuleList(
            DenseBlock(a, b, first=i == 0)
            for i, (a, b) in enumerate(zip(inputs, widths, strict=True))
        )

    def forward(self, x: Tensor) -> Tensor:
        for block in self.dense:
            x = block(x)
        return x.mean((2, 3))


class DenseBlock(nn.Module):
    """Four convolutions, each of which sees the sum of those before it."""

    def __init__(self, inputs: int, outputs: int, first: bool):
        super().__init__()
        self.conv0 = SameConv(inputs, outputs, 3, 2) if first else SeparableConv(inputs, outputs, 2)
        self.conv1, self.conv2, self.conv3 = (SeparableConv(outputs, outputs) for _ in range(3))

    def forward(self, x: Tensor) -> Tensor:
        total = torch.relu(self.conv0(x))
        total = total + self.conv1(total)
        total = total + self.conv2(torch.relu(total))
        return torch.relu(total + self.conv3(torch.relu(total)))


class XceptionFeatures(nn.Module):
    """Centred input [N, 3, s, s] -> [N, widths[-1]]; widths: entry, two reductions, exit, last."""

    def __init__(self, widths: Sequence[int], middle: int):
        super().__init__()
        first, low, high, exit_, last = widths
        self.conv_in = SameConv(3, first, 3, 2)
        self.reduction_0 = ReductionBlock(first, low)
        self.reduction_1 = ReductionBlock(low, high)
        self.main = nn.ModuleList(MainBlock(high) for _ in range(middle))
        self.reduction_2 = ReductionBlock(high, exit_)
        self.exit = SeparableConv(exit_, last)

    def forward(self, x: Tensor) -> Tensor:
        x = torch.relu(self.conv_in(x))
        x = self.reduction_1(self.reduction_0(x))
        for block in self.main:
            x = block(x)
        return torch.relu(self.exit(self.reduction_2(x))).mean((2, 3))


class ReductionBlock(nn.Module):
    """Halves the size; a 1x1 convolution is the way around. Its first ReLU changes nothing at
    the entry, where the input is not negative."""

    def __init__(self, inputs: int, outputs: int):
        super().__init__()
        self.conv0 = SeparableConv(inputs, outputs)
        self.conv1 = SeparableConv(outputs, outputs)
        self.around = SameConv(inputs, outputs, 1, 2)

    def forward(self, x: Tensor) -> Tensor:
        y = self.conv1(torch.relu(self.conv0(torch.relu(x))))
        return F.max_pool2d(pad_same(y, 3, 2, -torch.inf), 3, 2) + self.around(x)


class MainBlock(nn.Module):
    """Three convolutions with a way around."""

    def __init__(self, width: int):
        super().__init__()
        self.conv0, self.conv1, self.conv2 = (SeparableConv(width, width) for _ in range(3))

    def forward(self, x: Tensor) -> Tensor:
        y = x
        for conv in (self.conv0, self.conv1, self.conv2):
            y = conv(torch.relu(y))
        return x + y
