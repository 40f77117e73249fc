"""The networks of a compact style-based generator: mapping, affine layers, synthesis.

Source: Karras et al., "Analyzing and Improving the Image Quality of StyleGAN" (arXiv 1912.04958),
sections 2 and 3, written from the formulas. Latents: z [N, z_dim] -> w [N, w_dim] -> one w per
layer [N, num_ws, w_dim] -> styles [N, style_dim] -> image [N, C, H, W] in about [-1, 1].
"""

import math
from collections import abc
from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

GAIN = math.sqrt(2.0)


@dataclass(frozen=True)
class StyleConfig:
    """The architecture of a `StyleNetwork`; channels are listed from 4x4 upwards."""

    z_dim: int
    w_dim: int
    mapping_layers: int
    channels: tuple[int, ...]
    image_channels: int
    crop: int = 0
    """Pixels cut from each side of the last block's output."""

    @property
    def num_ws(self) -> int:
        return 2 * len(self.channels)

    @property
    def image_size(self) -> int:
        return 4 * 2 ** (len(self.channels) - 1) - 2 * self.crop


class EqualLinear(nn.Module):
    """A linear layer whose learning rate is scaled at run time (equalised learning rate)."""

    def __init__(self, inputs: int, outputs: int, bias: float = 0.0, multiplier: float = 1.0):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs) / multiplier)
        self.bias = nn.Parameter(torch.full((outputs,), bias / multiplier))
        self.scale = multiplier / math.sqrt(inputs)
        self.multiplier = multiplier

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(x, self.weight * self.scale, self.bias * self.multiplier)


class Mapping(nn.Module):
    """z [N, z_dim] -> w [N, w_dim]; z is first divided by its root mean square."""

    def __init__(self, config: StyleConfig):
        super().__init__()
        widths = [config.z_dim] + [config.w_dim] * config.mapping_layers
        self.layers = nn.ModuleList(
            EqualLinear(a, b, multiplier=0.01) for a, b in zip(widths, widths[1:], strict=False)
        )
        self.register_buffer("w_avg", torch.zeros(config.w_dim))

    def forward(self, z: Tensor) -> Tensor:
        x = z * torch.rsqrt(z.square().mean(1, keepdim=True) + 1e-8)
        for layer in self.layers:
            x = F.leaky_relu(layer(x), 0.2) * GAIN
        return x


class StyledConv(nn.Module):
    """A 3x3 convolution modulated by a style, demodulated, optionally up-sampled, with noise.

    The style scales the input and the demodulation the output, which equals modulated weights and
    keeps one ordinary convolution for the whole batch. Up-sampling is bilinear, after the
    convolution: it leaves no dot texture.
    """

    def __init__(self, inputs: int, outputs: int, w_dim: int, size: int, up: bool):
        super().__init__()
        self.affine = EqualLinear(w_dim, inputs, bias=1.0)
        self.weight = nn.Parameter(torch.randn(outputs, inputs, 3, 3))
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.strength = nn.Parameter(torch.zeros(()))
        self.register_buffer("noise", torch.randn(1, 1, size, size))
        self.up = up

    def forward(self, x: Tensor, style: Tensor, noise: Tensor | None) -> Tensor:
        energy = self.weight.square().sum((2, 3))
        demodulation = torch.rsqrt(F.linear(style.square(), energy) + 1e-8)
        x = F.conv2d(x * style[:, :, None, None], self.weight, padding=1)
        x = _times(x, demodulation[:, :, None, None])
        if self.up:
            x = F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
        if noise is not None:
            x = _plus(x, noise * self.strength)
        x = _plus(x, self.bias[:, None, None])
        return _times(F.leaky_relu(x, 0.2, inplace=torch.is_inference_mode_enabled()), GAIN)


class ToImage(nn.Module):
    """A 1x1 convolution to image channels, modulated by a style, not demodulated."""

    def __init__(self, inputs: int, outputs: int, w_dim: int):
        super().__init__()
        self.affine = EqualLinear(w_dim, inputs, bias=1.0)
        self.weight = nn.Parameter(torch.randn(outputs, inputs, 1, 1))
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.scale = 1 / math.sqrt(inputs)

    def forward(self, x: Tensor, style: Tensor) -> Tensor:
        return F.conv2d(x * (style * self.scale)[:, :, None, None], self.weight, self.bias)


class StyleNetwork(nn.Module):
    """Mapping and synthesis with every intermediate space open: z, w, w per layer, styles."""

    def __init__(self, config: StyleConfig):
        super().__init__()
        self.config = config
        self.mapping = Mapping(config)
        self.constant = nn.Parameter(torch.randn(1, config.channels[0], 4, 4))
        self.layers = nn.ModuleDict()
        self.style_ws: dict[str, int] = {}
        previous, index = config.channels[0], 0
        for block, width in enumerate(config.channels):
            size = 4 * 2**block
            convs = ["conv1"] if block == 0 else ["conv0", "conv1"]
            for name in convs:
                layer = StyledConv(previous, width, config.w_dim, size, up=name == "conv0")
                self._add(f"b{size}_{name}", layer, index)
                previous, index = width, index + 1
            self._add(f"b{size}_image", ToImage(width, config.image_channels, config.w_dim), index)

    def _add(self, name: str, layer: nn.Module, index: int) -> None:
        self.layers[name] = layer
        self.style_ws[name] = index

    @property
    def style_sizes(self) -> dict[str, int]:
        """Layer name -> number of style channels, in the order of the style vector."""
        return {name: layer.affine.bias.shape[0] for name, layer in self.layers.items()}

    def styles(self, ws: Tensor) -> Tensor:
        """[N, num_ws, w_dim] -> [N, style_dim]: every layer's affine output, concatenated."""
        parts = [layer.affine(ws[:, self.style_ws[n]]) for n, layer in self.layers.items()]
        return torch.cat(parts, 1)

    def synthesise(
        self,
        styles: Tensor,
        noise: abc.Mapping[str, Tensor] | None,
        taps: dict[str, Callable[[Tensor], Tensor]] | None = None,
    ) -> Tensor:
        """[N, style_dim] -> [N, C, H, W]; noise holds one [N or 1, 1, h, w] a 3x3 layer.

        taps take the output of the 3x3 layer they are named after and return what goes on.
        """
        taps = taps or {}
        parts = dict(
            zip(self.layers, styles.split(list(self.style_sizes.values()), 1), strict=True)
        )
        x = self.constant.expand(styles.shape[0], -1, -1, -1)
        image = None
        for name, layer in self.layers.items():
            if isinstance(layer, ToImage):
                y = layer(x, parts[name])
                image = y if image is None else y + _double(image)
            else:
                x = layer(x, parts[name], noise[name] if noise else None)
                x = taps[name](x) if name in taps else x
        assert image is not None  # every network has at least one block
        cut = self.config.crop
        return image[:, :, cut : image.shape[2] - cut, cut : image.shape[3] - cut]

    def constant_noise(self) -> dict[str, Tensor]:
        """The noise fixed at training time: one [1, 1, h, w] a 3x3 layer."""
        return {n: m.noise for n, m in self.layers.items() if isinstance(m, StyledConv)}


def _times(x: Tensor, y: Tensor | float) -> Tensor:
    """x * y, in x's own memory where nobody will ask for gradients: the same floats, sooner."""
    return x.mul_(y) if torch.is_inference_mode_enabled() else x * y


def _plus(x: Tensor, y: Tensor) -> Tensor:
    """x + y, likewise."""
    return x.add_(y) if torch.is_inference_mode_enabled() else x + y


def _double(image: Tensor) -> Tensor:
    return F.interpolate(image, scale_factor=2, mode="bilinear", align_corners=False)
