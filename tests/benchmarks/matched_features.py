"""Walks compared at the same change of features, on layers and latents that no method has seen."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import normalize

from directrix.densities import norm_preserving
from directrix.generators import Generator
from directrix.population import latents
from directrix.traversal import FeatureReader
from directrix.types import Space

STRIDES = (1.0, 2.0, 3.0, 4.5, 6.5, 9.5, 14.0, 22.0, 50.0)
CHUNK = 32
SPREAD_SEED = 2**61 + 5


@dataclass(frozen=True, eq=False)
class Matched:
    """levels: of change, as root mean squares in the channels' SD over layers that were not seen.

    Two samples of the prior differ by about 1.4.
    """

    generator: Generator
    layers: Sequence[str]
    levels: Sequence[float]

    def __post_init__(self) -> None:
        reader = FeatureReader(self.generator, Space.Z, self.layers)
        object.__setattr__(self, "_reader", reader)
        object.__setattr__(self, "_spreads", reader.spread(self.draw(SPREAD_SEED, 128)))

    def draw(self, seed: int, count: int) -> Tensor:
        """Latents [count, d]."""
        return torch.from_numpy(latents(seed, 0, count, self.generator.dimension(Space.Z)))

    @torch.no_grad()
    def walk(self, starts: Tensor, directions: Tensor) -> tuple[Tensor, Tensor]:
        """Where each level is reached [levels, n, d], and whether it is [levels, n].

        starts and directions: [n, d]. By norm-preserving steps, linear between strides; the longest
        stride where a level is not reached.
        """
        found = [
            self._walk(*part)
            for part in zip(starts.split(CHUNK), directions.split(CHUNK), strict=True)
        ]
        return torch.cat([f[0] for f in found], 1), torch.cat([f[1] for f in found], 1)

    @torch.no_grad()
    def cosines(self, starts: Tensor, directions: Tensor) -> np.ndarray:
        """|cosine| between the changes of two directions of [k, d], at every level: [levels]."""
        k = len(directions)
        total, off = torch.zeros(len(self.levels)), 1 - torch.eye(k)
        for start in starts:
            places, _ = self.walk(start.expand(k, -1), directions)
            before = self._features(start[None])
            for level, moved in enumerate(places):
                rows = normalize(self._features(moved) - before)
                total[level] += ((rows @ rows.T).abs() * off).sum() / (k * (k - 1))
        return (total / len(starts)).numpy()

    def _walk(self, starts: Tensor, directions: Tensor) -> tuple[Tensor, Tensor]:
        before = self._features(starts)
        changes = [torch.zeros(len(starts))]
        for stride in STRIDES:
            moved = norm_preserving(starts, stride * directions)
            changes.append((self._features(moved) - before).norm(dim=1))
        rise = torch.stack(changes).cummax(0).values
        grid = torch.tensor((0.0, *STRIDES))
        places, reached = [], []
        for level in self.levels:
            above = rise >= level
            reached.append(above[-1])
            step = torch.where(above[-1], above.int().argmax(0), len(STRIDES)).clamp_min(1)
            row = torch.arange(len(starts))
            low, high = rise[step - 1, row], rise[step, row]
            share = ((level - low) / (high - low).clamp_min(1e-9)).clamp(0, 1)
            stride = grid[step - 1] + share * (grid[step] - grid[step - 1])
            places.append(norm_preserving(starts, stride[:, None] * directions))
        return torch.stack(places), torch.stack(reached)

    def _features(self, rows: Tensor) -> Tensor:
        """[n, f], scaled so that the length of a difference is the root mean square change."""
        parts = zip(self._reader(rows), self._spreads, strict=True)
        scaled = [(f / s).flatten(1) / (f[0].numel() * len(self.layers)) ** 0.5 for f, s in parts]
        return torch.cat(scaled, 1)
