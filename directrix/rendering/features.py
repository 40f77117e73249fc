"""Taps that edit features: units towards their targets, and regions blended inside masks.

Every row is edited by itself, so that a row does not depend on its companions.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from directrix.generators import Tap
from directrix.rendering.plan import Plan, UnitEdit
from directrix.types import GeneratorCard, Units


def margin(card: GeneratorCard) -> int:
    """How many pixels the widest layer reaches beyond the image on each side."""
    widest = max((layer.height for layer in card.layers), default=0)
    return max(0, widest - card.image.height) // 2


def resized(masks: Tensor, size: tuple[int, int], beyond: int) -> Tensor:
    """Masks [N, 1, H, W] of the image at a layer's size [N, 1, h, w], bilinear."""
    if beyond:
        masks = F.pad(masks, [beyond] * 4, mode="replicate")
    if masks.shape[2:] == size:
        return masks
    return F.interpolate(masks, size, mode="bilinear", align_corners=False, antialias=True)


def unit_taps(plans: Sequence[Plan], card: GeneratorCard) -> dict[str, Tap]:
    """Taps that blend f + alpha (target - f) in the rows of the plans that ask for it."""
    edits: dict[str, list[tuple[int, UnitEdit]]] = defaultdict(list)
    for row, plan in enumerate(plans):
        for edit in plan.units:
            edits[edit.units.layer].append((row, edit))
    return {layer: _unit_tap(rows, margin(card)) for layer, rows in edits.items()}


def _unit_tap(edits: list[tuple[int, UnitEdit]], beyond: int) -> Tap:
    def tap(features: Tensor) -> Tensor:
        features = features.clone()
        for row, edit in edits:
            channels = torch.tensor(edit.units.channels, device=features.device)
            targets = torch.tensor(edit.units.targets, device=features.device)
            now = features[row, channels]
            strength = _strength(edit, now, beyond)
            towards = targets.to(now.dtype)[:, None, None] - now
            features[row, channels] = now + strength * towards
        return features

    return tap


def _strength(edit: UnitEdit, features: Tensor, beyond: int) -> Tensor | float:
    if edit.mask is None:
        return edit.alpha
    mask = torch.tensor(edit.mask, device=features.device)[None, None]
    return edit.alpha * resized(mask, features.shape[1:], beyond)[0, 0].to(features.dtype)


class Canvas:
    """Features of all layers of one batch; regions are painted over it one after the other."""

    def __init__(self, card: GeneratorCard, units: Mapping[str, Tap]):
        self._layers = tuple(layer.name for layer in card.layers)
        self._beyond = margin(card)
        self._units = units
        self._features: dict[str, Tensor] = {}

    def record(self) -> dict[str, Tap]:
        """Taps that keep what goes on."""
        return {name: self._tap(name, None) for name in self._layers}

    def paint(self, area: Tensor) -> dict[str, Tap]:
        """Taps that let edited features through inside masks [N, 1, H, W] only."""
        return {name: self._tap(name, area) for name in self._layers}

    def _tap(self, name: str, area: Tensor | None) -> Tap:
        def tap(features: Tensor) -> Tensor:
            features = self._units[name](features) if name in self._units else features
            if area is not None:
                mask = resized(area, features.shape[2:], self._beyond).to(features.dtype)
                below = self._features[name]
                features = below + mask * (features - below)
            self._features[name] = features
            return features

        return tap


class Kept:
    """Features of moved latents, to be let through on the channels of one units a row."""

    def __init__(self, units: Sequence[Units]):
        self._units = tuple(units)
        self._features: dict[str, Tensor] = {}

    @property
    def layers(self) -> frozenset[str]:
        return frozenset(units.layer for units in self._units)

    def record(self, taps: Mapping[str, Tap]) -> dict[str, Tap]:
        """The recipe's taps, and what they give is kept on the layers of the units."""
        return {**taps, **{name: self._tap(name, taps) for name in self.layers}}

    def replace(self, name: str, features: Tensor) -> Tensor:
        """Features of the base with the chosen channels of the moved latents."""
        features = features.clone()
        for row, units in enumerate(self._units):
            if units.layer == name:
                channels = torch.tensor(units.channels, device=features.device)
                features[row, channels] = self._features[name][row, channels]
        return features

    def _tap(self, name: str, taps: Mapping[str, Tap]) -> Tap:
        def tap(features: Tensor) -> Tensor:
            self._features[name] = taps[name](features) if name in taps else features
            return self._features[name]

        return tap


def kept_taps(passes: Sequence[Kept], taps: Mapping[str, Tap]) -> dict[str, Tap]:
    """The recipe's taps, then one pass over the other is let through on its channels."""

    def kept_tap(name: str) -> Tap:
        def tap(features: Tensor) -> Tensor:
            features = taps[name](features) if name in taps else features
            for kept in passes:
                features = kept.replace(name, features) if name in kept.layers else features
            return features

        return tap

    layers = frozenset[str]().union(*(kept.layers for kept in passes))
    return {**taps, **{name: kept_tap(name) for name in layers}}
