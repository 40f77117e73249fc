"""Features of chosen layers: read through taps, no further than needed, channels made alike."""

import contextlib
from collections.abc import Sequence

import torch
from torch import Tensor

from directrix.generators import Generator, Tap
from directrix.types import Space

FLOOR = 1e-3
"""Of a channel's SD, as a share of the layer's largest: below it a channel counts as dead."""


class _Read(Exception):
    """Raised by the last tap: what comes after it is not needed."""


class FeatureReader:
    """Latents of `space` [n, ...] -> features [n, C, h, w] of every chosen layer, differentiable.

    Raises LayerInvalid. Layers are read in the generator's order, whatever the order asked for.
    """

    def __init__(self, generator: Generator, space: Space, layers: Sequence[str]):
        generator.check_layers(layers)
        self.generator, self.space = generator, space
        self.layers = tuple(card.name for card in generator.card.layers if card.name in layers)

    def __call__(self, latents: Tensor) -> list[Tensor]:
        found: dict[str, Tensor] = {}

        def keep(name: str) -> Tap:
            def tap(features: Tensor) -> Tensor:
                found[name] = features
                if name == self.layers[-1]:
                    raise _Read
                return features

            return tap

        taps = {name: keep(name) for name in self.layers}
        with contextlib.suppress(_Read):
            self.generator.synthesise(latents, self.space, taps=taps)
        return [found[name] for name in self.layers]

    @torch.no_grad()
    def spread(self, latents: Tensor) -> list[Tensor]:
        """SD of every channel over latents and places: [1, C, 1, 1] a layer.

        Infinite for dead channels, so that dividing by it leaves them out.
        """
        spreads = []
        for features in self(latents):
            deviation = features.std((0, 2, 3), keepdim=True)
            dead = deviation <= FLOOR * deviation.max()
            spreads.append(torch.where(dead, torch.inf, deviation))
        return spreads
