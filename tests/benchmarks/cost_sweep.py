"""Sequential intervention by the published procedure and by torch.func in chunks.

published   one latent, one coordinate and one value at a time: generator and predictor at batch 1
torch.func  the same function of one coordinate and one value, under vmap in chunks

Both score rounded pixels, as the renderer does, in inference mode.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from directrix.generators import Generator
from directrix.predictors import Predictor
from directrix.types import Space


@dataclass(frozen=True, eq=False)
class Sweep:
    """points: latents [n, d]. spread: SD of every coordinate [d]. deltas: in SD."""

    generator: Generator
    predictor: Predictor
    space: Space
    points: np.ndarray
    spread: np.ndarray
    deltas: tuple[float, ...]

    @torch.inference_mode()
    def published(self, coordinates: np.ndarray) -> np.ndarray:
        """Importance [c, K] of some coordinates."""
        rows = torch.from_numpy(self.points)
        base = np.stack([self._score(row).numpy() for row in rows])
        found = []
        for coordinate in coordinates:
            changes = np.empty((len(self.deltas), *base.shape))
            for i, row in enumerate(rows):
                for k, delta in enumerate(self.deltas):
                    moved = row.clone()
                    moved[coordinate] += delta * self.spread[coordinate]
                    changes[k, i] = self._score(moved).numpy() - base[i]
            found.append(np.abs(changes).max(0).mean(0))
        return np.stack(found)

    @torch.inference_mode()
    def torch_func(self, coordinates: np.ndarray, chunk: int) -> np.ndarray:
        """Importance [c, K] of some coordinates; chunk: rows in one pass."""
        points, eye = torch.from_numpy(self.points), torch.eye(self.points.shape[1])
        steps = torch.tensor([[d * self.spread[c] for d in self.deltas] for c in coordinates])
        shape = (len(coordinates), len(self.deltas), len(points))
        which = torch.from_numpy(coordinates)[:, None, None].expand(shape).flatten()
        size = steps[:, :, None].expand(shape).flatten().float()
        start = torch.arange(len(points)).expand(shape).flatten()

        def one(row: Tensor, coordinate: Tensor, step: Tensor) -> Tensor:
            return self._score(row + step * coordinate)

        base = torch.vmap(self._score, chunk_size=chunk)(points)
        parts = [
            torch.vmap(one)(points[start[rows]], eye[which[rows]], size[rows])
            for rows in torch.arange(len(which)).split(chunk)
        ]
        moved = torch.cat(parts).reshape(*shape, -1)
        return (moved - base).abs().amax(1).mean(1).double().numpy()

    def _score(self, row: Tensor) -> Tensor:
        """Latent [d] -> scores [K]."""
        image = self.generator.synthesise(row[None], self.space)
        pixels = image.clamp(-1, 1).add(1).mul(127.5).round()
        return self.predictor.scores(pixels / 127.5 - 1)[0]


def same_ranking(found: np.ndarray, wanted: np.ndarray, top: int) -> float:
    """Share of the first `top` coordinates that two importances [c, K] have in common."""
    pairs = zip(found.T, wanted.T, strict=True)
    shares = [len(set((-a).argsort()[:top]) & set((-b).argsort()[:top])) / top for a, b in pairs]
    return float(np.mean(shares))
