"""Pictures of many styles at once, every layer computed once for each distinct beginning.

Latents that differ in one coordinate of S are alike up to the layer that it modulates: what lies
before is computed once for all of them, and image layers are but added. The sums are those of
`StyleNetwork.synthesise` in another order: the same pictures within rounding, not bit for bit.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from directrix.generators.style_network import GAIN, StyledConv, StyleNetwork, ToImage

CHUNK = 64
"""Pictures made together."""


@dataclass(frozen=True, eq=False)
class _Convolution:
    """A styled convolution with all that does not depend on a style worked out."""

    weight: Tensor
    energy: Tensor
    shift: Tensor
    up: bool

    @classmethod
    def of(cls, layer: StyledConv, noise: Tensor | None) -> "_Convolution":
        shift = layer.bias[:, None, None] + (0.0 if noise is None else noise * layer.strength)
        shift = shift.reshape(1, *shift.shape[-3:]) * GAIN
        return cls(
            layer.weight.contiguous(memory_format=torch.channels_last),
            layer.weight.square().sum((2, 3)),
            shift.contiguous(memory_format=torch.channels_last),
            layer.up,
        )

    def __call__(self, x: Tensor, style: Tensor) -> Tensor:
        """Input [n or 1, C, h, w], styles [n, C] -> [n, C', H, W]."""
        demodulation = torch.rsqrt(F.linear(style.square(), self.energy) + 1e-8) * GAIN
        y = F.conv2d(x * style[:, :, None, None], self.weight, padding=1)
        y.mul_(demodulation[:, :, None, None])
        if self.up:
            y = _double(y)
        return F.leaky_relu_(y.add_(self.shift), 0.2)


class SharedSynthesis:
    """Styles [n, style_dim] -> pictures [n, C, H, W]; noise as `StyleNetwork.synthesise`."""

    def __init__(self, network: StyleNetwork, noise: Mapping[str, Tensor] | None):
        self._network = network
        with torch.no_grad():
            self._convolutions = {
                name: _Convolution.of(layer, noise[name] if noise else None)
                for name, layer in network.layers.items()
                if isinstance(layer, StyledConv)
            }

    @torch.inference_mode()
    def __call__(self, styles: Tensor) -> Tensor:
        order = self._order(styles)
        parts = [self._make(styles[rows]) for rows in order.split(CHUNK)]
        found = torch.empty((len(styles), *parts[0].shape[1:])).to(parts[0])
        found[order] = torch.cat(parts)
        return found

    def _order(self, styles: Tensor) -> Tensor:
        """Rows so that those with a long beginning in common come together."""
        groups = torch.zeros(len(styles), dtype=torch.long)
        for moved in self._split(styles).values():
            groups = _parted(groups, moved)[1]
        return groups.argsort(stable=True).to(styles.device)

    def _make(self, styles: Tensor) -> Tensor:
        n = len(styles)
        x = self._network.constant.contiguous(memory_format=torch.channels_last)
        seen = torch.zeros(n, dtype=torch.long)
        """Of every row: the row of x that is its own."""
        image, shown = None, seen
        parts = self._split(styles)
        for name, layer in self._network.layers.items():
            style = parts[name]
            if name in self._convolutions:
                first, groups = _parted(seen, style)
                x = self._convolutions[name](_taken(x, seen[first]), style[first])
                seen = groups
                continue
            assert isinstance(layer, ToImage)
            first, groups = _parted(_joined(seen, shown), style)
            made = _shown(layer, x, seen[first], style[first])
            image = made if image is None else made.add_(_double(image)[shown[first]])
            shown = groups
        assert image is not None  # every network has at least one block
        cut = self._network.config.crop
        return image[shown][:, :, cut : image.shape[2] - cut, cut : image.shape[3] - cut]

    def _split(self, styles: Tensor) -> dict[str, Tensor]:
        sizes = self._network.style_sizes
        return dict(zip(sizes, styles.split(list(sizes.values()), 1), strict=True))


def _parted(groups: Tensor, rows: Tensor) -> tuple[Tensor, Tensor]:
    """Groups [n] parted further where rows [n, d] differ: (first row of each, group of every row).

    Parts of one group are numbered one after the other: sorting by the last parting sorts by all.
    """
    keys = list(zip(groups.tolist(), (row.tobytes() for row in rows.cpu().numpy()), strict=True))
    places = {key: place for place, key in reversed(list(enumerate(keys)))}
    firsts = sorted(places.items(), key=lambda item: (item[0][0], item[1]))
    numbers = {key: number for number, (key, _) in enumerate(firsts)}
    first = torch.tensor([place for _, place in firsts])
    return first, torch.tensor([numbers[key] for key in keys])


def _joined(a: Tensor, b: Tensor) -> Tensor:
    """Groups of rows that are together in both."""
    return torch.unique(a * (int(b.max()) + 1) + b, return_inverse=True)[1]


def _taken(x: Tensor, rows: Tensor) -> Tensor:
    """x[rows], without a copy where these are all rows in order, or the only one."""
    if len(x) == 1 or torch.equal(rows, torch.arange(len(x))):
        return x
    return x[rows]


def _shown(layer: ToImage, x: Tensor, rows: Tensor, style: Tensor) -> Tensor:
    """What a layer adds to the image, [m, C, H, W]: input rows [m] of x, styles [m, C]."""
    weight = layer.weight[:, :, 0, 0] * (style * layer.scale)[:, None]
    flat = _taken(x, rows).flatten(2).expand(len(style), -1, -1)
    made = torch.bmm(weight, flat).add_(layer.bias[:, None])
    return made.unflatten(2, x.shape[2:])


def _double(image: Tensor) -> Tensor:
    return F.interpolate(image, scale_factor=2, mode="bilinear", align_corners=False)
