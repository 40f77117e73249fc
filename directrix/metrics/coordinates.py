"""What an analysis says of every coordinate of a space, and how two analyses agree.

Source: Li, Tao, Niu and Li (arXiv 2006.10132) and its follow-up "Measuring Decoupling" (IEEE TAI
2021): the sparsity of the sensitivity vector is the decoupling score. Agreement by Spearman's rank
correlation and the Jaccard index of the k most important coordinates.
"""

from dataclasses import dataclass

import numpy as np

from directrix.errors import InvalidField
from directrix.metrics.sparsity import gini, hoyer
from directrix.types import Space


@dataclass(frozen=True, eq=False)
class CoordinateAnalysis:
    """Of d coordinates for K scorers, after `labels`.

    importance: [d, K], >= 0, in the unit of what was measured. signs: [d, K] of -1 and 1, towards
    more of the score.
    """

    space: Space
    labels: tuple[str, ...]
    importance: np.ndarray
    signs: np.ndarray

    def decoupling(self) -> np.ndarray:
        """Hoyer's and Gini's sparsity of each column of the importance, in [0, 1]: [K, 2]."""
        return np.array([(hoyer(a), gini(a)) for a in self.importance.T])


@dataclass(frozen=True)
class Agreement:
    """spearman: of all importances, in [-1, 1]. jaccard: of the two leading sets, in [0, 1]."""

    spearman: float
    jaccard: float


def measure_agreement(first: np.ndarray, second: np.ndarray, size: int) -> Agreement:
    """Importances [d] and [d] of the same coordinates; size: of the leading sets.

    Importances that are all equal have no ranks: their Spearman correlation is 0. Raises
    InvalidField.
    """
    if first.shape != second.shape or first.ndim != 1 or not 1 <= size <= len(first):
        raise InvalidField(
            "agreement takes two importances of the same d coordinates and a size of 1 to d",
            field="size",
        )
    sets = [set(np.argsort(-a, kind="stable")[:size].tolist()) for a in (first, second)]
    return Agreement(
        spearman=_correlate(_ranks(first), _ranks(second)),
        jaccard=len(sets[0] & sets[1]) / len(sets[0] | sets[1]),
    )


def _ranks(values: np.ndarray) -> np.ndarray:
    """Equal values share the mean of their ranks."""
    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(count) - (count + 1) / 2)[place]


def _correlate(x: np.ndarray, y: np.ndarray) -> float:
    x, y = x - x.mean(), y - y.mean()
    length = np.sqrt(np.square(x).sum() * np.square(y).sum())
    return float((x * y).sum() / length) if length > 0 else 0.0
