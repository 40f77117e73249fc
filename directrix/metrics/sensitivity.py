"""What interventions on one coordinate do to scores: importance, correlation, response.

Source: Li, Tao, Niu and Li, "Understanding the Latent Space of GANs through Correlation Analysis
for Controllable Concept Manipulation" (arXiv 2006.10132); the formulas are a reconstruction.
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Sensitivity:
    """Of one coordinate for K scorers.

    importance: a = mean_i max_delta |change|, [K], in the scores' unit.
    correlation: Pearson's rho of (delta, score) over samples and deltas, [K].
    response: r(delta) = mean_i change, [deltas, K], in the scores' unit.
    """

    importance: np.ndarray
    correlation: np.ndarray
    response: np.ndarray

    def row(self) -> np.ndarray:
        """[2 + deltas, K] float64: what a checkpoint keeps of it."""
        return np.concatenate([self.importance[None], self.correlation[None], self.response])


def measure_sensitivity(deltas: np.ndarray, base: np.ndarray, moved: np.ndarray) -> Sensitivity:
    """deltas [D], scores before [n, K] and after each intervention [D, n, K]."""
    moved = moved.astype(np.float64)
    change = moved - base
    return Sensitivity(
        importance=np.abs(change).max(0).mean(0),
        correlation=_pearson(deltas, moved),
        response=change.mean(1),
    )


def _pearson(deltas: np.ndarray, moved: np.ndarray) -> np.ndarray:
    """[K]; 0 where the scores do not vary."""
    x = deltas - deltas.mean()
    y = moved - moved.mean((0, 1))
    covariance = np.einsum("d,dnk->k", x, y)
    spread = np.sqrt(np.square(x).sum() * moved.shape[1] * np.square(y).sum((0, 1)))
    return np.divide(covariance, spread, out=np.zeros_like(covariance), where=spread > 0)
