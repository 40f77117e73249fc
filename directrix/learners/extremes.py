"""Both ends of a score that comes in parts: memory does not grow with the population."""

from typing import NamedTuple

import numpy as np

from directrix.types import SHARD

EXTREMES = 10_000
"""Samples taken at each end of a score at most: as many as the source of InterFaceGAN takes of its
500 000 (arXiv 1907.10786, section 4.1). Larger populations give purer ends, not more of them."""


class Ends(NamedTuple):
    """Positions [n] of the lowest and of the highest finite scores, each ascending, and whether
    every high score is above every low one."""

    low: np.ndarray
    high: np.ndarray
    apart: bool


class Extremes:
    """Of one scorer. count: samples that are coming; fraction: the share taken at each end, of
    those with a finite score, and never more than `most` of them.

    Equal scores are taken in the order of the samples.
    """

    def __init__(self, count: int, fraction: float, most: int = EXTREMES):
        self._fraction, self._most = fraction, most
        self._keep = min(int(count * fraction), count // 2, most)
        self._finite = 0
        self._scores = np.empty(0, np.float32)
        self._places = np.empty(0, np.int64)

    def add(self, start: int, scores: np.ndarray) -> None:
        """Scores [n] of the samples from `start` on; parts come in their order."""
        finite = np.flatnonzero(np.isfinite(scores))
        self._finite += len(finite)
        self._scores = np.concatenate([self._scores, scores[finite]])
        self._places = np.concatenate([self._places, start + finite])
        if len(self._scores) > 3 * self._keep + SHARD:
            self._drop_the_middle()

    def ends(self) -> Ends:
        order = np.argsort(self._scores, kind="stable")
        count = min(int(self._finite * self._fraction), self._finite // 2, self._most)
        low, high = order[:count], order[len(order) - count :]
        apart = count > 0 and bool(self._scores[high].min() > self._scores[low].max())
        return Ends(np.sort(self._places[low]), np.sort(self._places[high]), apart)

    def _drop_the_middle(self) -> None:
        order = np.argsort(self._scores, kind="stable")
        kept = np.sort(np.concatenate([order[: self._keep], order[len(order) - self._keep :]]))
        self._scores, self._places = self._scores[kept], self._places[kept]
