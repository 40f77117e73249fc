"""Additive guesses: what two movements do together, from what each of them does alone.

A way is a movement of length 1: one finding, up or down, or a mixture that was once the best. Along
every way the classifier's scores are known at a few lengths and joined by straight lines. Two ways
together are guessed to change every score by the sum of their changes, corrected by what was seen
where the two were last moved together: a pair that disappoints is not asked again and again. Scores
are added up, not slacks: two ways that lead to different classes do not help each other.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

SPLITS = np.arange(1, 9) / 8
"""The share of a length that goes to the first of two ways; all of it at last."""
EACH = 2
"""Suggestions a pair at most."""
LENGTHS = np.arange(1, 25) / 12
"""Shares of the farthest that lengths are looked for at where nothing has flipped yet."""


@dataclass(frozen=True, eq=False)
class Suggestion:
    """rows: alphas [n, K]. one, two: the ways of each [n]. guesses: the scores, as guessed
    [n, C]."""

    rows: np.ndarray
    one: np.ndarray
    two: np.ndarray
    guesses: np.ndarray

    def only(self, chosen: np.ndarray) -> "Suggestion":
        return Suggestion(
            self.rows[chosen], self.one[chosen], self.two[chosen], self.guesses[chosen]
        )


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
        self._surprise = np.zeros((*(len(self._ways),) * 2, len(base)))

    def learn(self, rows: np.ndarray, scores: np.ndarray) -> None:
        """The scores [n, C] of rows of a single axis; others say nothing here."""
        for row, seen in zip(rows, scores, strict=True):
            moved = np.flatnonzero(row)
            if len(moved) == 1:
                way = moved[0] if row[moved[0]] > 0 else moved[0] + len(row)
                self._known[way][float(abs(row[moved[0]]))] = seen - self._base

    def add(self, row: np.ndarray, scores: np.ndarray) -> None:
        """A way more: that of a row, whose scores are [C]."""
        length = float(np.abs(row).sum())
        self._ways = np.concatenate([self._ways, row[None] / length])
        self._known.append({0.0: 0 * scores, length: scores - self._base})
        self._surprise = np.pad(self._surprise, ((0, 1), (0, 1), (0, 0)))

    def correct(self, asked: Suggestion, scores: np.ndarray) -> None:
        """The scores [n, C] that suggestions have come to."""
        for one, two, surprise in zip(asked.one, asked.two, scores - asked.guesses, strict=True):
            self._surprise[one, two] += surprise
            self._surprise[two, one] = self._surprise[one, two]

    def nearest(self) -> float:
        """The shortest length at which a slack of 0 is guessed; else that of the largest."""
        lengths = LENGTHS * self._limits.max()
        most = []
        for length in lengths:
            most.append(max(self._guesses(length)[2], default=-np.inf))
            if most[-1] >= 0:
                return float(length)
        return float(lengths[int(np.argmax(most))])

    def steepest(self, length: float, count: int) -> np.ndarray:
        """The ways of one axis [count, K] that are guessed to have most slack at this length."""
        axes = 2 * len(self._limits)
        slacks = self._slack(self._base + self._changes(np.array([length]))[:axes, 0])
        return self._ways[np.argsort(-slacks, kind="stable")[:count]]

    def suggest(self, length: float, count: int) -> Suggestion:
        """At most `count` rows of this length along one way or two, the largest slack first."""
        places, guesses, slacks = self._guesses(length)
        asked: dict[tuple[int, int], int] = {}
        chosen: list[int] = []
        for place in np.argsort(-slacks, kind="stable"):
            if len(chosen) == count:
                break
            pair = (places[place, 0], places[place, 1])
            asked[pair] = asked.get(pair, 0) + 1
            if asked[pair] <= EACH:
                chosen.append(place)
        one, two, split = places[chosen].T
        share = SPLITS[split][:, None]
        rows = length * (share * self._ways[one] + (1 - share) * self._ways[two])
        return Suggestion(rows, one, two, guesses[chosen])

    def _guesses(self, length: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Two ways and the split [n, 3] of all that may be, with scores [n, C] and slacks [n]."""
        places = np.argwhere(self._allowed(length))
        one, two, split = places.T
        alone = split == len(SPLITS) - 1
        changes = self._changes(np.concatenate([length * SPLITS, length * (1 - SPLITS)]))
        both = changes[one, split] + np.where(
            alone[:, None], 0, changes[two, len(SPLITS) + split] + self._surprise[one, two]
        )
        scores = self._base + both
        return places, scores, self._slack(scores) if len(scores) else np.empty(0)

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


def _joined(known: dict[float, np.ndarray], lengths: np.ndarray) -> np.ndarray:
    """[L, C]: straight lines between what is known [C] at some lengths; flat beyond."""
    at = np.array(sorted(known))
    values = np.stack([known[length] for length in at])
    after = np.clip(np.searchsorted(at, lengths), 1, len(at) - 1) if len(at) > 1 else 0
    if len(at) == 1:
        return np.repeat(values, len(lengths), 0)
    part = np.clip((lengths - at[after - 1]) / (at[after] - at[after - 1]), 0, 1)[:, None]
    return np.asarray((1 - part) * values[after - 1] + part * values[after])
