"""Over which stretch of strengths two evaluators can be asked for a size, and in which unit."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from tests.integration.faces.world import Shown

READABLE = 0.75
"""Share of the faces whose landmarks have to be believable at both ends of a stretch: the few that
are left of a direction which makes faces unreadable are on the brink of it, and read badly."""


@dataclass(frozen=True)
class Common:
    """What both evaluators say of the same unmoved faces: the SD of each, their correlation."""

    first: float
    second: float
    correlation: float


@dataclass(frozen=True, eq=False)
class Stretch:
    """The same faces at two strengths."""

    start: float
    end: float
    low: Shown
    high: Shown

    @property
    def ends(self) -> tuple[float, float]:
        return self.start, self.end

    @property
    def believable(self) -> np.ndarray:
        """Which faces can be believed at both ends: bool [N]."""
        return self.low.believable & self.high.believable

    def by_alpha(self) -> dict[float, Shown]:
        return {self.start: self.low, self.end: self.high}


def widest(show: Callable[[float], Shown], grid: Sequence[float]) -> Stretch:
    """The longest stretch of an ascending grid over which enough faces can be believed.

    Among equally long ones that with the most of them; where none has enough, the most readable.
    `show` gives the faces at a strength.
    """
    pairs = [(a, b) for i, a in enumerate(grid) for b in grid[i + 1 :]]
    tried = []
    for length in sorted({b - a for a, b in pairs}, reverse=True):
        equal = [Stretch(a, b, show(a), show(b)) for a, b in pairs if b - a == length]
        best = max(equal, key=lambda stretch: float(stretch.believable.mean()))
        if best.believable.mean() >= READABLE:
            return best
        tried.append(best)
    return max(tried, key=lambda stretch: float(stretch.believable.mean()))
