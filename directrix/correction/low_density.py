"""Samples of rare combinations: sources whose target is to flip while everything else is kept.

Source: SC2GAN (arXiv 2310.06667), its generation of low-density samples: codes of a dense cell are
moved along a direction in that direction's semantic layers until the target's score has crossed.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from directrix.correction.entanglement import Entanglement
from directrix.correction.reader import Reader

OVERSHOOT = 1.5
"""Margins that a goal lies beyond the threshold at least, for a re-projection falls short a bit."""

ALPHAS = (0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0)
"""Strengths tried, in SD of the population along the direction."""


@dataclass(frozen=True, eq=False)
class Goal:
    """What low-density samples are made from, and what their scores should be.

    rows: [n], positions in the population. sides: [n], +1 where the target is to rise, -1 where it
    is to fall. wanted: [n, K], the sources' scores but for the target's.
    """

    rows: np.ndarray
    sides: np.ndarray
    wanted: np.ndarray
    target: int
    partners: tuple[int, ...]
    """Scorers that are entangled with the target."""
    cut: float
    """Threshold of the target."""
    margin: float
    """How far beyond its threshold a target counts as flipped, in its score's unit."""

    def flipped(self, scores: np.ndarray) -> np.ndarray:
        """[n]: whether the target's score [n, K] has crossed by the margin."""
        crossed: np.ndarray = (scores[:, self.target] - self.cut) * self.sides
        return crossed >= self.margin

    def kept(self, scores: np.ndarray, deviations: np.ndarray, tolerance: float) -> np.ndarray:
        """[n]: every partner, and the mean of all others, within `tolerance` SD of the source."""
        varying = deviations > 0
        apart = np.zeros(scores.shape)
        np.divide(np.abs(scores - self.wanted), deviations, out=apart, where=varying)
        varying[self.target] = False
        near = apart[:, varying].sum(1) <= tolerance * max(1, varying.sum())
        held: np.ndarray = near & (apart[:, list(self.partners)] <= tolerance).all(1)
        return held


@dataclass(frozen=True, eq=False)
class LowDensitySet:
    """Codes of rare combinations [n, ...] with where they come from and whether they are any."""

    goal: Goal
    codes: np.ndarray
    alphas: np.ndarray
    """Strengths of the edits [n], in SD; 0 where no strength of the grid was enough."""
    edited: np.ndarray
    """Scores [n, K] of the edited pictures."""
    scores: np.ndarray
    """Scores [n, K] of the codes: after re-projection."""
    accepted: np.ndarray

    @property
    def acceptance(self) -> float:
        """Share of the sources that gave a sample."""
        return float(self.accepted.mean()) if len(self.accepted) else 0.0


def partners(pairs: Sequence[Entanglement], target: int, least_lift: float) -> tuple[int, ...]:
    """Scorers with a low-density cell together with the target."""
    found = []
    for pair in pairs:
        if target in (pair.first, pair.second) and pair.rare(least_lift):
            found.append(pair.second if pair.first == target else pair.first)
    return tuple(sorted(found))


def goals(
    scores: np.ndarray,
    cuts: np.ndarray,
    pairs: Sequence[Entanglement],
    target: int,
    count: int,
    least_lift: float,
    margin: float,
    seed: int,
) -> Goal:
    """At most `count` sources, as many from either side, whose flip leads into a rare cell.

    The target is to be reflected at its threshold. Where nothing is entangled with it any sample
    will do that lies `margin` SD off the threshold. scores [N, K], cuts [K].
    """
    offset = scores[:, target] - cuts[target]
    least = margin * float(scores[:, target].std())
    usable = np.isfinite(scores).all(1) & (np.abs(offset) >= least)
    entangled = partners(pairs, target, least_lift)
    if entangled:
        usable &= _into_rare(scores > cuts, pairs, target, least_lift)
    order = np.random.Generator(np.random.Philox([seed, target])).permutation(len(scores))
    order = order[usable[order]]
    rising = offset[order] < 0
    half = min((count + 1) // 2, int(rising.sum()), int((~rising).sum()))
    rows = np.concatenate([order[rising][:half], order[~rising][:half]])
    sides = np.where(offset[rows] < 0, 1.0, -1.0)
    wanted = scores[rows].astype(np.float64)
    distance = np.maximum(np.abs(offset[rows]), OVERSHOOT * least)
    wanted[:, target] = cuts[target] + sides * distance
    return Goal(rows, sides, wanted, target, entangled, float(cuts[target]), least)


def _into_rare(
    labels: np.ndarray, pairs: Sequence[Entanglement], target: int, least_lift: float
) -> np.ndarray:
    """[N]: whether the flip of the target leads from a dense cell into a rare one."""
    into = np.zeros(len(labels), bool)
    for pair in pairs:
        if target not in (pair.first, pair.second):
            continue
        a, b = labels[:, pair.first], labels[:, pair.second]
        rare = np.zeros((2, 2), bool)
        for cell in pair.rare(least_lift):
            rare[cell] = True
        i, j = a.astype(int), b.astype(int)
        landed = rare[1 - i, j] if pair.first == target else rare[i, 1 - j]
        into |= landed & ~rare[i, j]
    return into


def search(
    reader: Reader, edit: Callable[[np.ndarray, np.ndarray], np.ndarray], goal: Goal
) -> tuple[np.ndarray, np.ndarray]:
    """Edited codes [n, ...] and their strengths [n]: the smallest of the grid that flips.

    edit(rows, strengths): the codes of some of the goal's sources at signed strengths, in SD. Where
    no strength flips the target the strongest edit is kept, with strength 0.
    """
    alphas, rows = np.zeros(len(goal.rows)), np.arange(len(goal.rows))
    edited = edit(rows, ALPHAS[-1] * goal.sides)
    for alpha in ALPHAS:
        if not len(rows):
            break
        tried = edit(rows, alpha * goal.sides[rows])
        crossed = (reader.scores(tried)[:, goal.target] - goal.cut) * goal.sides[rows]
        done = crossed >= goal.margin
        edited[rows[done]], alphas[rows[done]] = tried[done], alpha
        rows = rows[~done]
    return edited, alphas
