"""Readings: scores of judges, and which pictures the judges can read at all.

Predictors may have a scorer of ScoreKind.TRUST. It measures nothing of a picture, so it is no
column of a card: it tells which rows count.
"""

from collections.abc import Sequence

import numpy as np

from directrix.metrics import column_labels
from directrix.types import PredictorCard, ScoreKind, ScorerRef

LEAST = 2
"""Latents that have to be readable along a finding; where fewer are, nothing is known of it."""

LEAST_READABLE = 0.5
"""Share of them that have to be for a name: those that are left of fewer would not stand for the
others, and are on the brink themselves."""


class Readings:
    """Of judges side by side, in their order."""

    def __init__(self, judges: Sequence[PredictorCard]):
        owners = [(card.digest, scorer) for card in judges for scorer in card.scorers]
        kinds = np.array([scorer.kind is ScoreKind.TRUST for _, scorer in owners], bool)
        self.width = len(owners)
        self._trust, self._columns = np.flatnonzero(kinds), np.flatnonzero(~kinds)
        labels = column_labels(judges)
        self.labels = tuple(labels[column] for column in self._columns)
        self._owners = [(owners[c][0], owners[c][1].name) for c in self._columns]

    def refs(self, deviations: np.ndarray) -> tuple[ScorerRef, ...]:
        """The card's scorers, with their SDs [K]."""
        return tuple(
            ScorerRef(predictor=digest, scorer=name, deviation=float(deviation))
            for (digest, name), deviation in zip(self._owners, deviations, strict=True)
        )

    def scores(self, rows: np.ndarray) -> np.ndarray:
        """Rows [..., width] as judges give them -> the columns of the card [..., K]."""
        return rows[..., self._columns]

    def readable(self, rows: np.ndarray) -> np.ndarray:
        """Which rows [..., width] every judge can read: bool [...]."""
        known = rows[..., self._trust] > 0
        return np.asarray(known.all(-1))

    def spread(self, rows: np.ndarray) -> np.ndarray:
        """Scores [n, K] of the readable rows [N, width]: all of them where too few are."""
        readable = self.readable(rows)
        return self.scores(rows[readable] if readable.sum() >= LEAST else rows)

    def followed(self, rows: np.ndarray, still: int) -> tuple[np.ndarray, float]:
        """Curves [alphas, n, K] of the latents [alphas, N, width] that are readable at every
        strength, and their share; where too few are, those at `still` do not move."""
        readable = self.readable(rows).all(0)
        share = float(readable.mean())
        if readable.sum() >= LEAST:
            return self.scores(rows[:, readable]), share
        return self.scores(np.repeat(rows[still : still + 1], len(rows), 0)), share
