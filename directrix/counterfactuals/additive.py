"""Additive guesses: what two movements do together, from what each of them does alone.

A way is a movement of length 1: one finding, up or down, or a mixture that was once the best. Along
every way gains are known at a few lengths and joined by straight lines. Two ways together are
guessed to gain the sum, corrected by what was seen where the two were last moved together: a pair
that disappoints is not asked again and again.
"""

from dataclasses import dataclass

import numpy as np

SPLITS = np.arange(1, 9) / 8
"""The share of a length that goes to the first of two ways; all of it at last."""
EACH = 3
"""Suggestions a pair at most."""
LENGTHS = np.arange(1, 25) / 12
"""Shares of the farthest that lengths are looked for at where nothing has flipped yet."""


@dataclass(frozen=True, eq=False)
class Suggestion:
    """rows: alphas [n, K]. one, two: the ways of each [n]. guesses: the gains, as guessed [n]."""

    rows: np.ndarray
    one: np.ndarray
    two: np.ndarray
    guesses: np.ndarray

    def only(self, chosen: np.ndarray) -> "Suggestion":
        return Suggestion(
            self.rows[chosen], self.one[chosen], self.two[chosen], self.guesses[chosen]
        )


class Additive:
    """reach: the farthest along every axis [K]. most: axes that a row may move."""

    def __init__(self, reach: np.ndarray, most: int):
        self._limits, self._most = reach, most
        self._ways = np.concatenate([np.eye(len(reach)), -np.eye(len(reach))])
        self._known: list[dict[float, float]] = [{0.0: 0.0} for _ in self._ways]
        self._surprise = np.zeros((len(self._ways),) * 2)

    def learn(self, rows: np.ndarray, gains: np.ndarray) -> None:
        """What rows of a single axis have gained; others say nothing here."""
        for row, gain in zip(rows, gains, strict=True):
            moved = np.flatnonzero(row)
            if len(moved) == 1:
                way = moved[0] if row[moved[0]] > 0 else moved[0] + len(row)
                self._known[way][float(abs(row[moved[0]]))] = float(gain)

    def add(self, row: np.ndarray, gain: float) -> None:
        """A way more: that of a row."""
        length = float(np.abs(row).sum())
        self._ways = np.concatenate([self._ways, row[None] / length])
        self._known.append({0.0: 0.0, length: gain})
        self._surprise = np.pad(self._surprise, (0, 1))

    def correct(self, asked: Suggestion, gains: np.ndarray) -> None:
        """What suggestions have gained."""
        for one, two, surprise in zip(asked.one, asked.two, gains - asked.guesses, strict=True):
            self._surprise[one, two] += surprise
            self._surprise[two, one] = self._surprise[one, two]

    def nearest(self, needed: float) -> float:
        """The shortest length at which a gain of `needed` is guessed; else that of the largest."""
        lengths = LENGTHS * self._limits.max()
        most = np.array([self._guesses(length)[0].max() for length in lengths])
        reaching = np.flatnonzero(most >= needed)
        return float(lengths[reaching[0] if len(reaching) else int(most.argmax())])

    def steepest(self, length: float, count: int) -> np.ndarray:
        """The ways of one axis [count, K] that are guessed to gain most at this length."""
        axes = 2 * len(self._limits)
        gains = [float(self._along(each, np.array([length]))[0]) for each in self._known[:axes]]
        return self._ways[np.argsort(-np.array(gains), kind="stable")[:count]]

    def suggest(self, length: float, count: int) -> Suggestion:
        """At most `count` rows of this length along one way or two, the largest guess first."""
        guesses, allowed = self._guesses(length)
        order = np.argsort(-guesses, axis=None, kind="stable")
        asked: dict[tuple[int, int], int] = {}
        chosen: list[tuple[int, int, int]] = []
        for one, two, split in zip(*np.unravel_index(order, guesses.shape), strict=True):
            if len(chosen) == count or not allowed[one, two, split]:
                break
            pair = (min(one, two), max(one, two))
            asked[pair] = asked.get(pair, 0) + 1
            if asked[pair] <= EACH:
                chosen.append((one, two, split))
        one, two, split = np.array(chosen, int).reshape(-1, 3).T
        share = SPLITS[split][:, None]
        rows = length * (share * self._ways[one] + (1 - share) * self._ways[two])
        return Suggestion(rows, one, two, guesses[one, two, split])

    def _guesses(self, length: float) -> tuple[np.ndarray, np.ndarray]:
        """Gains [W, W, S] of the first way's share with the second's rest, and which may be."""
        first = np.stack([self._along(known, length * SPLITS) for known in self._known])
        rest = np.stack([self._along(known, length * (1 - SPLITS)) for known in self._known])
        both = first[:, None] + rest[None] + self._surprise[:, :, None]
        both[..., -1] = first[:, None, -1]
        allowed = self._allowed(length)
        return np.where(allowed, both, -np.inf), allowed

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

    def _along(self, known: dict[float, float], lengths: np.ndarray) -> np.ndarray:
        at = np.array(sorted(known))
        return np.interp(lengths, at, np.array([known[length] for length in at]))
