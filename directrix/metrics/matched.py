"""Changes of all factors at the point of a walk where the target has changed by a given amount."""

from dataclasses import dataclass

import numpy as np

BLOCK = 2**20
"""Numbers that are held at once."""


@dataclass(frozen=True, eq=False)
class MatchedChange:
    """The attribute dependency of a walk, as a statistic of weighted samples.

    rise: [S, n, F], change of the factors from the unmoved sample on, at rising strengths; row 0
    is 0. Target and others turned so that the target rises. base: [N, F], the factors of a
    population whose first n samples are those that were moved. change: how far the target goes,
    in its SD.
    """

    rise: np.ndarray
    base: np.ndarray
    target: int
    change: float

    def __call__(self, weights: np.ndarray) -> np.ndarray:
        """Weights [B, N] -> mean and maximum dependency [B, 2], no number where none arrives."""
        block = max(1, BLOCK // self.rise[0].size)
        parts = [self._block(weights[i : i + block]) for i in range(0, len(weights), block)]
        return np.concatenate(parts)

    def reached(self) -> float:
        """Share of the samples whose target changes so much on the grid."""
        threshold = self.change * self.base[:, self.target].std()
        return float((self.rise[..., self.target].max(0) >= threshold).mean())

    def _block(self, weights: np.ndarray) -> np.ndarray:
        deviations = self._deviations(weights)
        reached, moved = self._at(self.change * deviations[:, self.target])
        others = np.flatnonzero(self.base.std(0) > 0)
        others = others[others != self.target]
        sizes = np.abs(moved[..., others]) / deviations[:, None, others]
        counted = weights[:, : reached.shape[1]] * reached
        each = np.stack([sizes.mean(-1), sizes.max(-1)], -1)
        with np.errstate(invalid="ignore"):
            return np.einsum("bn,bnk->bk", counted, each) / counted.sum(1, keepdims=True)

    def _deviations(self, weights: np.ndarray) -> np.ndarray:
        """SD of the factors under each of the weights: [B, F]."""
        centred = self.base - self.base.mean(0)
        return np.sqrt(np.maximum(weights @ centred**2 - (weights @ centred) ** 2, 1e-300))

    def _at(self, thresholds: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Who arrives [B, n], and the factors' change where it first does [B, n, F].

        Linear between two strengths of the grid. thresholds: [B], above 0.
        """
        along = self.rise[..., self.target]
        hit = np.maximum.accumulate(along, 0)[None] >= thresholds[:, None, None]
        reached, step = hit[:, -1], np.maximum(hit.argmax(1), 1)
        samples = np.arange(along.shape[1])
        start, end = along[step - 1, samples], along[step, samples]
        share = np.divide(
            thresholds[:, None] - start, end - start, out=np.zeros_like(start), where=reached
        )
        before, after = self.rise[step - 1, samples], self.rise[step, samples]
        return reached, before + share[..., None] * (after - before)
