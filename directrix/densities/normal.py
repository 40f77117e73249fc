"""The normal distribution of a population: how usual a latent is.

In Z that is the prior itself, N(0, I). A mapping network's W only roughly follows one; samples give
its mean and covariance. Source: the change of log p along a walk is that of Li et al., DP-LaSE (ACM
MM 2021), section 4; a plain normal in the place of its learned density.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

RIDGE = 1e-3
"""Share of the mean variance that is added to every axis: a mapping network leaves some empty."""


@dataclass(frozen=True, eq=False)
class Normal:
    """mean: [d]. covariance: [d, d]. precision: [d, d], its inverse."""

    mean: np.ndarray
    covariance: np.ndarray
    precision: np.ndarray

    @classmethod
    def standard(cls, dimension: int) -> "Normal":
        return cls(np.zeros(dimension), np.eye(dimension), np.eye(dimension))

    @classmethod
    def fit(cls, blocks: Iterable[np.ndarray]) -> "Normal":
        """Of rows [n, d] that come in blocks: memory does not grow with their number."""
        count, total, squares = 0, np.zeros(()), np.zeros(())
        for block in blocks:
            rows = block.astype(np.float64)
            count, total, squares = count + len(rows), total + rows.sum(0), squares + rows.T @ rows
        mean = total / count
        covariance = squares / count - np.outer(mean, mean)
        covariance += RIDGE * np.trace(covariance) / len(mean) * np.eye(len(mean))
        return cls(mean, covariance, np.linalg.inv(covariance))

    def log_density(self, points: np.ndarray) -> np.ndarray:
        """In nats but for a constant: points [n, d] -> [n]; the mean over layers of [n, L, d]."""
        away = points.astype(np.float64) - self.mean
        each = -0.5 * np.einsum("...i,ij,...j->...", away, self.precision, away)
        return each.reshape(len(points), -1).mean(1)
