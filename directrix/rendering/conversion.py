"""Steady conversions of a generator's latents from space to space."""

import numpy as np
import torch
from torch import Tensor

from directrix.batches import BATCH, Steady
from directrix.generators import Generator
from directrix.streams import Domain, Streams
from directrix.types import Space

PROBES = 8
"""Batches that decide how a conversion runs; its outputs are few."""


class Conversion:
    """Converts step by step, so that every way through the spaces gives the same floats."""

    def __init__(self, generator: Generator):
        self._generator = generator
        self._steps: dict[tuple[Space, Space], Steady] = {}

    def __call__(self, latents: Tensor, source: Space, target: Space) -> Tensor:
        """Raises SpaceUnavailable."""
        self._generator.check_conversion(source, target)
        spaces = self._generator.spaces
        way = spaces[spaces.index(source) : spaces.index(target) + 1]
        for here, following in zip(way, way[1:], strict=False):
            latents = self._step(here, following)(latents)
        return latents

    def truncate(self, latents: Tensor, space: Space, psi: float) -> Tensor:
        """Element by element, so in any batch."""
        return latents if psi == 1 else self._generator.truncate(latents, space, psi)

    def probe(self, space: Space, index: int) -> Tensor:
        """One batch of samples of the prior, for measuring."""
        z = np.empty((BATCH, self._generator.dimension(Space.Z)), np.float32)
        Streams(0, Domain.PROBES).fill(index, z)
        return self._generator.convert(
            torch.tensor(z, device=self._generator.device), Space.Z, space
        )

    def _step(self, source: Space, target: Space) -> Steady:
        if (source, target) not in self._steps:
            self._steps[source, target] = Steady(
                lambda rows: self._generator.convert(rows, source, target),
                lambda i: self.probe(source, i),
                PROBES,
            )
        return self._steps[source, target]
