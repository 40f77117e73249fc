"""Guesses: what two movements do together, from what each of them does alone and what others did.

A way is a movement of length 1: one finding, up or down, or a mixture that was once the best. Along
every way the classifier's scores are known at a few lengths and joined by straight lines. Two ways
together are guessed to change every score by the sum of their changes, and by what such sums have
missed at movements nearby that were looked at (kriging). Scores are added up, not slacks: two ways
that lead to different classes do not help each other.

Source: the mean of a Gaussian process, Rasmussen and Williams, "Gaussian Processes for Machine
Learning" (2006), eq. 2.25; guessing, looking and guessing again is what Jones, Schonlau and Welch
do (Journal of Global Optimization 13, 1998), here without regard to uncertainty.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

SPLITS = np.arange(1, 9) / 8
"""The share of a length that goes to the first of two ways; all of it at last."""
EACH = 2
"""Suggestions a pair at once."""
LENGTHS = np.arange(1, 13) / 6
"""Shares of the farthest that lengths are looked for at where nothing has flipped yet."""
QUARTERS = np.arange(1, 5) / 4
"""Shares of a length at which findings are compared: alike is what changes scores alike."""
NUGGET = 1e-2
"""The share of its variance that a miss has for itself, nearby ones being equal."""


@dataclass(frozen=True, eq=False)
class Suggestion:
    """rows: alphas [n, K]. sums: the scores [n, C] that their ways' changes add up to."""

    rows: np.ndarray
    sums: np.ndarray

    def only(self, chosen: np.ndarray) -> "Suggestion":
        return Suggestion(self.rows[chosen], self.sums[chosen])


@dataclass(frozen=True, eq=False)
class _Sums(Suggestion):
    """pairs: the ways of each row [n, 2], twice the same where it is one alone. scale: what rows
    are multiplied by before they are compared [K, K]. places: the rows, so multiplied."""

    pairs: np.ndarray
    scale: np.ndarray
    places: np.ndarray


class Additive:
    """reach: the farthest along every axis [K]. most: axes that a row may move. base: the scores of
    the image as it is [C]. slack: of scores [n, C], what is to be made large [n].
    """

    def __init__(
        self,
        reach: np.ndarray,
        most: int,
        base: np.ndarray,
        slack: Callable[[np.ndarray], np.ndarray],
    ):
        self._limits, self._most = reach, most
        self._base, self._slack = base, slack
        self._ways = np.concatenate([np.eye(len(reach)), -np.eye(len(reach))])
        self._known: list[dict[float, np.ndarray]] = [{0.0: 0 * base} for _ in self._ways]
        self._tried: list[np.ndarray] = []
        self._missed: list[np.ndarray] = []
        self._seen: set[bytes] = set()
        self._summed: dict[float, _Sums] = {}

    def learn(self, rows: np.ndarray, scores: np.ndarray) -> None:
        """The scores [n, C] of rows of a single axis; others say nothing here."""
        self._summed.clear()
        for row, seen in zip(rows, scores, strict=True):
            moved = np.flatnonzero(row)
            if len(moved) == 1:
                way = moved[0] if row[moved[0]] > 0 else moved[0] + len(row)
                self._known[way][float(abs(row[moved[0]]))] = seen - self._base

    def add(self, row: np.ndarray, scores: np.ndarray) -> None:
        """A way more: that of a row, whose scores are [C]."""
        self._summed.clear()
        length = float(np.abs(row).sum())
        self._ways = np.concatenate([self._ways, row[None] / length])
        self._known.append({0.0: 0 * scores, length: scores - self._base})

    def correct(self, asked: Suggestion, scores: np.ndarray) -> None:
        """The scores [n, C] that suggestions have come to."""
        self._tried.append(asked.rows)
        self._missed.append(scores - asked.sums)
        self._seen.update(row.tobytes() for row in asked.rows)

    def nearest(self) -> float:
        """The shortest length at which a slack of 0 is guessed; else that of the largest."""
        lengths = LENGTHS * self._limits.max()
        most: list[float] = []
        for length in lengths:
            most.append(float(self._guessed(self._sums(length)).max(initial=-np.inf)))
            if most[-1] >= 0:
                return float(length)
        return float(lengths[int(np.argmax(most))])

    def steepest(self, length: float, count: int) -> np.ndarray:
        """The ways of one axis [count, K] that are guessed to have most slack at this length."""
        axes = 2 * len(self._limits)
        slacks = self._slack(self._base + self._changes(np.array([length]))[:axes, 0])
        return self._ways[np.argsort(-slacks, kind="stable")[:count]]

    def suggest(self, length: float, count: int) -> Suggestion:
        """At most `count` rows of this length along one way or two, the largest slack first; none
        that was tried before."""
        sums = self._sums(length)
        asked: dict[tuple[int, int], int] = {}
        chosen: list[int] = []
        for place in np.argsort(-self._guessed(sums), kind="stable"):
            if len(chosen) == count:
                break
            one, two = sums.pairs[place]
            if asked.get((one, two), 0) < EACH and sums.rows[place].tobytes() not in self._seen:
                asked[one, two] = asked.get((one, two), 0) + 1
                chosen.append(place)
        return sums.only(np.array(chosen, int))

    def _guessed(self, sums: _Sums) -> np.ndarray:
        """Slacks [n]."""
        if not self._tried or not len(sums.rows):
            return self._slack(sums.sums)
        there = (np.concatenate(self._tried) @ sums.scale).astype(np.float32)
        weights = _kernel(there, there) + NUGGET * np.eye(len(there))
        missing = np.linalg.solve(weights, np.concatenate(self._missed))
        return self._slack(sums.sums + _kernel(sums.places, there) @ missing)

    def _scale(self, length: float) -> np.ndarray:
        """[K, K]. 1 apart are two rows of which one moves a finding by `length`, the other not, if
        it changes scores as much as findings do on the average; nearer are two whose findings
        change the same scores."""
        changes = self._changes(length * QUARTERS)
        count = len(self._limits)
        odd = (changes[:count] - changes[count : 2 * count]).reshape(count, -1)
        alike = odd @ odd.T
        values, vectors = np.linalg.eigh(alike / max(float(np.diag(alike).mean()), 1e-12))
        return np.asarray(vectors * np.sqrt(np.maximum(values, 0)) / length)

    def _sums(self, length: float) -> _Sums:
        """All rows of this length that may be; those of the last lengths are kept."""
        if length not in self._summed:
            self._summed[length] = self._added(length)
        return self._summed[length]

    def _added(self, length: float) -> _Sums:
        one, two, split = np.nonzero(self._allowed(length))
        alone = (split == len(SPLITS) - 1)[:, None]
        changes = self._changes(np.concatenate([length * SPLITS, length * (1 - SPLITS)]))
        second = np.where(alone, 0, changes[two, len(SPLITS) + split])
        share = SPLITS[split][:, None]
        rows = length * (share * self._ways[one] + (1 - share) * self._ways[two])
        sums = self._base + changes[one, split] + second
        scale = self._scale(length)
        places = (rows @ scale).astype(np.float32)
        return _Sums(rows, sums, np.stack([one, two], 1), scale, places)

    def _allowed(self, length: float) -> np.ndarray:
        """[W, W, S]: within reach, no more axes than may be, none moved both ways; once each."""
        count, moved = len(self._ways), self._ways != 0
        against = (np.sign(self._ways) @ np.sign(self._ways).T) < (
            moved.astype(int) @ moved.T.astype(int)
        )
        few = (moved[:, None] | moved[None]).sum(2) <= self._most
        pairs = np.triu(few & ~against, 1)
        allowed = np.repeat(pairs[..., None], len(SPLITS), 2)
        allowed[..., -1] = np.eye(count, dtype=bool)
        reach = (self._limits / np.maximum(np.abs(self._ways), 1e-12)).min(1)
        allowed &= (length * SPLITS <= reach[:, None])[:, None]
        allowed &= (length * (1 - SPLITS) <= reach[:, None])[None]
        return np.asarray(allowed)

    def _changes(self, lengths: np.ndarray) -> np.ndarray:
        """[W, L, C]: of the scores along every way."""
        return np.stack([_joined(known, lengths) for known in self._known])


def _kernel(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """[n, m]: exp(-d^2 / 2) of rows a [n, K] and b [m, K]."""
    apart = 2 * a @ b.T
    apart -= np.square(a).sum(1)[:, None] + np.square(b).sum(1)
    return np.asarray(np.exp(np.minimum(0.5 * apart, 0)))


def _joined(known: dict[float, np.ndarray], lengths: np.ndarray) -> np.ndarray:
    """[L, C]: straight lines between what is known [C] at some lengths; flat beyond."""
    at = np.array(sorted(known))
    values = np.stack([known[length] for length in at])
    if len(at) == 1:
        return np.repeat(values, len(lengths), 0)
    after = np.clip(np.searchsorted(at, lengths), 1, len(at) - 1)
    part = np.clip((lengths - at[after - 1]) / (at[after] - at[after - 1]), 0, 1)[:, None]
    return np.asarray((1 - part) * values[after - 1] + part * values[after])
