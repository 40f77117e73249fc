"""How two scores go together: cells, lift, phi, correlation; of data, or of what a generator makes.

Source: SC2GAN (arXiv 2310.06667), the study of its abstract. p(a, b) is the share of the samples
that lie above (1) or below (0) the thresholds of two scorers; lift(a, b) = p(a, b) / (p(a) p(b)),
the rule miners' measure (Brin et al., 1997), is 1 where the two are independent.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations

import numpy as np

Cell = tuple[int, int]
"""Below (0) or above (1) the thresholds of the first and of the second scorer."""


class Split(StrEnum):
    """Where a score parts its samples in two: at its median, or at 0 (logits)."""

    MEDIAN = "median"
    ZERO = "zero"


@dataclass(frozen=True, eq=False)
class Entanglement:
    """Two scorers, by their columns. shares, lift: [2, 2]; phi and pearson in [-1, 1]."""

    first: int
    second: int
    shares: np.ndarray
    lift: np.ndarray
    phi: float
    """Of the two halves: the correlation of the labels."""
    pearson: float
    """Of the scores."""

    def rare(self, least_lift: float) -> tuple[Cell, ...]:
        """The low-density cells: those with a lift below `least_lift`."""
        return tuple((a, b) for a in (0, 1) for b in (0, 1) if self.lift[a, b] < least_lift)


def thresholds(scores: np.ndarray, split: Split) -> np.ndarray:
    """[K]: where each score [N, K] is split; scores that are no number do not count."""
    return np.nanmedian(scores, 0) if split is Split.MEDIAN else np.zeros(scores.shape[1])


def study(
    scores: np.ndarray, cuts: np.ndarray, columns: Sequence[int] | None = None
) -> tuple[Entanglement, ...]:
    """All pairs of the columns (None: all) of scores [N, K], strongest |phi| first.

    cuts: [K]. Samples with a score that is no number are left out. A pair in which a scorer never
    crosses its cut has lift 1 and phi 0.
    """
    chosen = range(scores.shape[1]) if columns is None else columns
    scores = scores[np.isfinite(scores).all(1)]
    labels = scores > cuts
    pairs = [_pair(scores, labels, a, b) for a, b in combinations(chosen, 2)]
    return tuple(sorted(pairs, key=lambda pair: (-abs(pair.phi), pair.first, pair.second)))


def _pair(scores: np.ndarray, labels: np.ndarray, first: int, second: int) -> Entanglement:
    a, b = labels[:, first], labels[:, second]
    shares = np.array([[np.mean((a == i) & (b == j)) for j in (0, 1)] for i in (0, 1)])
    expected = np.outer(shares.sum(1), shares.sum(0))
    lift = np.divide(shares, expected, out=np.ones((2, 2)), where=expected > 0)
    return Entanglement(
        first,
        second,
        shares,
        lift,
        _correlation(a.astype(np.float64), b.astype(np.float64)),
        _correlation(scores[:, first].astype(np.float64), scores[:, second].astype(np.float64)),
    )


def _correlation(a: np.ndarray, b: np.ndarray) -> float:
    spread = float(a.std() * b.std())
    return float(((a - a.mean()) * (b - b.mean())).mean() / spread) if spread > 0 else 0.0
