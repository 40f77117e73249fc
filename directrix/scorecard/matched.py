"""Matched change: every finding where it has done the same to its target, 1 SD and 2 SD of it.

A first pass gave curves (`ScorecardPlan`). They say how strong a move has to be: that is the
calibration. Here it is used on held-out latents that the curves are not of: shard 0 holds them as
they are, then comes one shard a finding with half of them, at each strength that is reached.

Source: as in Wu et al. (arXiv 2011.12799), section 5, only what lacks a target is moved towards it:
the half with the lowest scores. The others have no room for a change by 1 SD or 2 SD.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from directrix.errors import InvalidField
from directrix.metrics import attribute_dependency, mean_effect
from directrix.metrics.dependency import Dependency
from directrix.scorecard.plan import EMBEDDER, ScorecardPlan, lower_half
from directrix.scorecard.readings import Readings
from directrix.types import (
    SHARD,
    FindingScore,
    MatchedScore,
    Move,
    PredictorCard,
    Recipe,
    Scorecard,
    SeedSource,
)

CHANGES = (1.0, 2.0)
"""SDs of the target at which findings are compared."""

POOL, POOL_BYTES = 128, 64 * 2**20
"""Latents of shard 0, and bytes of their pictures at most; half of them are moved along each
finding."""

Seen = Mapping[str, np.ndarray]


@dataclass(frozen=True, eq=False)
class MatchedPlan:
    """What to render after a first pass, and how to read it.

    deviation_scores and shard_scores: what `plan.measure` makes its card of.
    """

    plan: ScorecardPlan
    deviation_scores: np.ndarray
    shard_scores: Sequence[np.ndarray]

    @cached_property
    def card(self) -> Scorecard:
        """Of the first pass alone."""
        return self.plan.measure(self.deviation_scores, self.shard_scores)

    @property
    def pool(self) -> range:
        """The latents of shard 0: behind those of the curves, in the shard that tells SDs."""
        image = self.plan.generator.image
        fitting = POOL_BYTES // (image.height * image.width * image.channels)
        count = 2 * (max(4, min(POOL, self.plan.samples, fitting)) // 2)
        first = min(self.plan.samples, SHARD - count)
        return range(first, first + count)

    @property
    def samples(self) -> int:
        """How many of them are moved along each finding."""
        return len(self.pool) // 2

    def room(self, index: int) -> np.ndarray:
        """Which of the pool are moved along a finding: positions, by rising target score, what
        nobody can read at the end."""
        rows = self.deviation_scores[self.pool.start : self.pool.stop]
        target = self._readings.scores(rows)[:, self.card.findings[index].column]
        return lower_half(np.where(self._readings.readable(rows), target, np.inf))

    @property
    def witness(self) -> PredictorCard:
        """Whose features are looked at: the first embedder's, or else the first predictor's."""
        embedders = [card for card in self.plan.predictors if card.task == EMBEDDER]
        return (embedders or list(self.plan.predictors))[0]

    @property
    def shards(self) -> int:
        return 1 + len(self.plan.findings)

    def recipes(self, shard: int) -> list[Recipe]:
        """Of one shard: all latents at one strength after the other; none that is not reached."""
        if not 0 <= shard < self.shards:
            raise InvalidField(f"there are shards 0 to {self.shards - 1}", field="shard")
        moves: list[tuple[Move, ...]] = [()]
        latents = list(self.pool)
        if shard > 0:
            moves = [(move,) for move in self.matched_moves(shard - 1)]
            latents = [latents[place] for place in self.room(shard - 1)]
        return [
            Recipe(self.card.generator, SeedSource(self.card.seed, latent), moves=each)
            for each in moves
            for latent in latents
        ]

    def matched_moves(self, index: int) -> list[Move]:
        """One for every change that a finding reaches, in their order."""
        found = (self._alpha(index, change) for change in CHANGES)
        return [self.plan.move(index, alpha) for alpha in found if alpha is not None]

    def grid_moves(self, index: int) -> list[Move]:
        """Along the whole grid, 0 included."""
        unit = self.card.findings[index].unit
        return [self.plan.move(index, alpha * unit) for alpha in self.plan.alphas]

    def measure(self, shards: Sequence[Seen]) -> Scorecard:
        """The whole card. shards: what is seen of each: scores [n, K], and what `Witness` says."""
        if len(shards) != self.shards:
            raise InvalidField(f"{self.shards} shards, not {len(shards)}", field="shards")
        witness = self.witness
        return self.card.model_copy(
            update={
                "matched_samples": self.samples,
                "features": witness.digest,
                "embedder": witness.digest if witness.task == EMBEDDER else "",
                "strangers": _number(shards[0]["strangers"]),
                "findings": tuple(
                    self._score(index, shards[0]["scores"], seen)
                    for index, seen in enumerate(shards[1:])
                ),
            }
        )

    @property
    def _readings(self) -> Readings:
        return self.plan.readings

    @cached_property
    def _curves(self) -> list[np.ndarray]:
        return [curve for curve, _ in self.plan.followed(self.shard_scores)]

    @cached_property
    def _population(self) -> np.ndarray:
        """Scores [N, K]."""
        return self._readings.spread(self.deviation_scores)

    def _lacking(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        """Curves [alphas, n, K] of the latents that lack a finding's target, and the scores [N, K]
        of a population that begins with them."""
        curve, target = self._curves[index], self.card.findings[index].column
        held = curve[self.plan.alphas.index(0)]
        low = lower_half(held[:, target])
        others = np.setdiff1d(np.arange(len(held)), low)
        rest = self._readings.spread(self.deviation_scores[self.plan.samples :])
        return curve[:, low], np.concatenate([held[low], held[others], rest])

    def _alpha(self, index: int, change: float) -> float | None:
        return self.card.findings[index].strength(self.card.alphas, change)

    def _score(self, index: int, unmoved: np.ndarray, seen: Seen) -> FindingScore:
        found = self.card.findings[index]
        place, matched = 0, []
        for change in CHANGES:
            alpha = self._alpha(index, change)
            score = self._dependency(index, change).model_copy(update={"alpha": alpha})
            if alpha is not None:
                rows = slice(place * self.samples, (place + 1) * self.samples)
                after = seen["scores"][rows]
                before = unmoved[self.room(index)]
                score = score.model_copy(update=self._pictures(before, after, seen, place))
                place += 1
            matched.append(score)
        safe = self._safe(found, seen["typical"])
        return found.model_copy(update={"matched": tuple(matched), "safe": safe})

    def _dependency(self, index: int, change: float) -> MatchedScore:
        target = self.card.findings[index].column
        curve, base = self._lacking(index)
        varying = np.flatnonzero(base.astype(np.float64).std(0) > 0)
        if target not in varying or len(varying) < 2 or curve.shape[1] < 2:
            # nothing else that could change
            return MatchedScore(change_sd=change, reached=self._reached(index, change))
        seed = self.card.seed
        return _of(attribute_dependency(self.plan.alphas, curve, base, target, change, seed))

    def _reached(self, index: int, change: float) -> float:
        """Share of the latents whose target rises so much on the grid."""
        found, grid = self.card.findings[index], np.array(self.plan.alphas)
        target = self._lacking(index)[0][:, :, found.column]
        rise = target[grid * found.sign >= 0].max(0) - target[self.plan.alphas.index(0)]
        wanted = change * self.card.scorers[found.column].deviation
        return float((rise >= wanted).mean()) if wanted > 0 else 0.0

    def _pictures(
        self, unmoved: np.ndarray, after: np.ndarray, seen: Seen, place: int
    ) -> dict[str, object]:
        return {
            "effects_sd": self._effects(unmoved, after),
            "frechet": _number(seen["frechet"][place]),
            "identity": _number(seen["identity"][place]),
            "log_density": _number(seen["density"][place]),
            "norm_ratio": _number(seen["ratio"][place]),
            "area": _number(seen["area"][place]),
        }

    def _effects(self, unmoved: np.ndarray, after: np.ndarray) -> tuple[float, ...]:
        """Mean change of every score over the rows [n, width] that can be read at both ends."""
        (before, moved), share = self._readings.followed(np.stack([unmoved, after]), 0)
        if not share:
            return ()
        deviations = self._population.astype(np.float64).std(0)
        return tuple(float(effect) for effect in mean_effect(before, moved, deviations))

    def _safe(self, found: FindingScore, typical: np.ndarray) -> tuple[float, float]:
        """Where the target changes steadily and most of all, and latents are typical."""
        allowed = {
            alpha * found.unit
            for alpha, row, fine in zip(self.card.alphas, found.curve_sd, typical, strict=True)
            if fine and abs(row[found.column]) >= max(abs(effect) for effect in row)
        }
        ends = []
        for away in (-1, 1):
            reached = 0.0
            for alpha, _ in found.steady(self.card.alphas, away):
                if alpha not in allowed:
                    break
                reached = alpha
            ends.append(reached)
        return ends[0], ends[1]


def _of(at: Dependency) -> MatchedScore:
    return MatchedScore(
        change_sd=at.change,
        reached=at.reached,
        dependency_mean_sd=at.mean,
        dependency_mean_interval_sd=at.mean_interval,
        dependency_max_sd=at.most,
        dependency_max_interval_sd=at.most_interval,
    )


def _number(values: np.ndarray) -> float | None:
    """The mean, None where it is no number."""
    mean = float(np.mean(values))
    return mean if np.isfinite(mean) else None
