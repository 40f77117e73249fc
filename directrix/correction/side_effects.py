"""What a move changes besides its target, as a method's own scorers see it."""

from collections.abc import Callable

import numpy as np

from directrix.correction.reader import Reader
from directrix.metrics.matched import MatchedChange

ALPHAS = (0.0, 0.5, 1.0, 1.5, 2.5, 4.0)
"""In SD of the population along the finding."""

CHANGE = 1.0
LEAST_REACHED = 0.5


def side_effects(
    reader: Reader,
    move: Callable[[np.ndarray], np.ndarray],
    scores: np.ndarray,
    count: int,
    target: int,
) -> float:
    """Mean change of the other scores, in SD, where the target has changed by 1 SD.

    scores: [N, K] of a population that begins with the `count` samples that are moved. move: gives
    their codes at strengths [count], in SD; each goes away from the side of the target's mean that
    it lies on. Infinite where fewer than half of the samples arrive.
    """
    base = scores.astype(np.float64)
    start = base[:count]
    sides = np.where(start[:, target] < base[:, target].mean(), 1.0, -1.0)
    rise = [np.zeros_like(start)]
    for alpha in ALPHAS[1:]:
        rise.append((reader.scores(move(alpha * sides)) - start) * sides[:, None])
    statistic = MatchedChange(np.stack(rise), base, target, CHANGE)
    if statistic.reached() < LEAST_REACHED:
        return float("inf")
    return float(statistic(np.full((1, len(base)), 1 / len(base)))[0, 0])
