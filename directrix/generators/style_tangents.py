"""Tangents pushed through a style-based synthesis by hand: forward mode, from where they begin.

The product rule of `StyleNetwork.synthesise`, layer by layer: a tangent costs nothing before the
first convolution that its styles modulate, and next to nothing where it moves styles of image
layers only. What belongs to the point itself is computed once, for all tangents.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from directrix.generators.style_network import GAIN, StyledConv, StyleNetwork, ToImage

CHUNK = 64
"""Tangents in one pass."""


@dataclass(frozen=True, eq=False)
class _Convolution:
    """A styled convolution at the point: tangents of its input and its style -> of its output.

    x: input [1, C, h, w]. style: [1, C]. made: the convolution's output [1, C', h, w].
    demodulation: [1, C']. slopes: of all that follows the noise, [1, C', H, W].
    """

    layer: StyledConv
    x: Tensor
    style: Tensor
    made: Tensor
    energy: Tensor
    demodulation: Tensor
    slopes: Tensor

    def push(self, before: Tensor | None, moved: Tensor) -> Tensor:
        """Of the input [b, C, h, w], of the first b <= k or None, and of the style [k, C]."""
        turned = self.x * moved[:, :, None, None]
        if before is not None:
            turned[: len(before)].addcmul_(before, self.style[:, :, None, None])
        made = F.conv2d(turned, self.layer.weight, padding=1)
        bent = -self.demodulation.pow(3) * F.linear(self.style * moved, self.energy)
        made.mul_(self.demodulation[:, :, None, None]).addcmul_(self.made, bent[:, :, None, None])
        if self.layer.up:
            made = _double(made)
        return made.mul_(self.slopes)


@dataclass(frozen=True, eq=False)
class _Image:
    """A layer to image channels at the point; it is linear in its input and in its style."""

    layer: ToImage
    x: Tensor
    style: Tensor

    def push(self, before: Tensor) -> Tensor:
        """Tangents of the input [b, C, h, w] -> of the image."""
        weight = self.layer.weight * (self.style * self.layer.scale)[:, :, None, None]
        return F.conv2d(before, weight)

    def push_styles(self, moved: Tensor) -> Tensor:
        """Tangents of the style [k, C] -> of the image."""
        weight = self.layer.weight[:, :, 0, 0] * self.layer.scale
        return torch.einsum("kc,ic,chw->kihw", moved, weight, self.x[0])


class StyleTangents:
    """Pushes tangents at one point: styles [style_dim], noise as `StyleNetwork.synthesise`."""

    def __init__(self, network: StyleNetwork, styles: Tensor, noise: Mapping[str, Tensor] | None):
        self._network = network
        self._layers: dict[str, _Convolution | _Image] = {}
        with torch.no_grad():
            self._trace(styles, noise)

    @torch.no_grad()
    def __call__(self, tangents: Tensor) -> Tensor:
        """Tangents of the styles [k, style_dim] -> of the image [k, C, H, W], J t each."""
        order = self._begins(tangents).argsort(stable=True)
        parts = [self._push(tangents[rows]) for rows in order.split(CHUNK)]
        found = torch.empty((len(tangents), *parts[0].shape[1:])).to(parts[0])
        found[order] = torch.cat(parts)
        return found

    def _trace(self, styles: Tensor, noise: Mapping[str, Tensor] | None) -> None:
        parts = self._split(styles[None])
        x = self._network.constant.contiguous(memory_format=torch.channels_last)
        for name, layer in self._network.layers.items():
            style = parts[name]
            if isinstance(layer, ToImage):
                self._layers[name] = _Image(layer, x, style)
                continue
            assert isinstance(layer, StyledConv)  # there is no third kind
            energy = layer.weight.square().sum((2, 3))
            demodulation = torch.rsqrt(F.linear(style.square(), energy) + 1e-8)
            made = F.conv2d(x * style[:, :, None, None], layer.weight, padding=1)
            y = layer(x, style, noise[name] if noise else None)
            slopes = torch.where(y > 0, GAIN, 0.2 * GAIN)
            self._layers[name] = _Convolution(layer, x, style, made, energy, demodulation, slopes)
            x = y

    def _push(self, tangents: Tensor) -> Tensor:
        """In the order in which they begin."""
        begins, parts = self._begins(tangents), self._split(tangents)
        pushed, image = None, None
        for place, (name, layer) in enumerate(self._layers.items()):
            if isinstance(layer, _Image):
                image = self._add(layer, image, pushed, parts[name])
            elif count := int((begins <= place).sum()):
                pushed = layer.push(pushed, parts[name][:count])
        assert image is not None  # every network has at least one block
        cut = self._network.config.crop
        return image[:, :, cut : image.shape[2] - cut, cut : image.shape[3] - cut]

    def _add(
        self, layer: _Image, image: Tensor | None, pushed: Tensor | None, moved: Tensor
    ) -> Tensor:
        """The tangents of the image [k, C, h, w] after one more layer."""
        shape = (len(moved), len(layer.layer.weight), *layer.x.shape[2:])
        image = moved.new_zeros(shape) if image is None else _double(image)
        if pushed is not None:
            image[: len(pushed)] += layer.push(pushed)
        rows = moved.any(1).nonzero()[:, 0]
        if len(rows):
            image[rows] += layer.push_styles(moved[rows])
        return image

    def _begins(self, tangents: Tensor) -> Tensor:
        """[k]: the place of the first convolution that a tangent moves, or the number of layers."""
        first = torch.full((len(tangents),), len(self._layers))
        for place, (name, moved) in reversed(list(enumerate(self._split(tangents).items()))):
            if isinstance(self._layers[name], _Convolution):
                first[moved.any(1).cpu()] = place
        return first.to(tangents.device)

    def _split(self, styles: Tensor) -> dict[str, Tensor]:
        sizes = self._network.style_sizes
        return dict(zip(sizes, styles.split(list(sizes.values()), 1), strict=True))


def _double(image: Tensor) -> Tensor:
    return F.interpolate(image, scale_factor=2, mode="bilinear", align_corners=False)
