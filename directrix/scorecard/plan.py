"""Curves: what every finding does to every score along its strength, on unseen latents.

A plan says which recipes to score, shard by shard; someone scores them; `measure` makes the card.
What is seen where the change is matched comes on top of it: `directrix.scorecard.matched`.
Shard 0 holds the held-out latents as they are, then comes one shard a finding at every alpha of
the grid but 0, then one for every five random findings at both ends of the grid, each on sixteen
latents of its own.

Strengths: alpha counts in the finding's own unit. Units and set interventions are whole at
alpha = 1, so there the grid is divided by its reach and the card's largest alpha means 1.
A subspace is moved along its first row.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from directrix.archive import finding_set_digest
from directrix.errors import FindingMismatch, InvalidField, NeedsUnmet
from directrix.metrics import (
    discovery_floor,
    effect_interval,
    mean_effect,
    monotonicity,
    random_like,
)
from directrix.metrics.effects import linearity
from directrix.scorecard.readings import LEAST_READABLE, Readings
from directrix.types import (
    NONE,
    SHARD,
    Finding,
    FindingRef,
    FindingScore,
    FindingSet,
    GeneratorCard,
    Intervention,
    Move,
    Operation,
    PopulationSpec,
    PredictorCard,
    Provenance,
    Recipe,
    Scorecard,
    SeedSource,
    Subspace,
    Units,
)

FLOOR_SAMPLES = 16
"""Held-out latents that a random finding is tried on: there are many of them, and fewer latents
can only raise the floor. Each has others, so that no few latents decide."""

FLOOR_GROUP = 5
"""Random findings a shard."""

FLOOR_SHARE = 25
"""Random findings for one finding: so many that one finding can be named by itself at 4 %."""

MOST_RANDOM = 1000
EMBEDDER = "embedder"
"""The task of predictors whose scores name nothing: they tell identities apart."""


def held_out_seed(seed: int) -> int:
    """The seed of the latents that no method with this seed has seen, in [2^62, 2^63).

    Populations and methods use the job's seed itself.
    """
    hashed = hashlib.sha256(f"held out {seed}".encode()).digest()
    return 2**62 + int.from_bytes(hashed[:8], "big") % 2**62


@dataclass(frozen=True)
class ScorecardPlan:
    """What to score for a card of `findings`, and how to read it.

    predictors: whoever judges; embedders among them score nothing here. alphas: ascending,
    symmetric about 0, at least -a, 0, a. samples: held-out latents.
    random_findings: how many make the floor; None means 25 for every finding, at most 1000.
    Raises InvalidField, NeedsUnmet without a predictor or a finding, and FindingMismatch for the
    findings of another generator.
    """

    findings: FindingSet
    generator: GeneratorCard
    predictors: tuple[PredictorCard, ...]
    seed: int
    samples: int = 128
    alphas: tuple[float, ...] = (-3.0, -1.5, 0.0, 1.5, 3.0)
    random_findings: int | None = None

    def __post_init__(self) -> None:
        grid = self.alphas
        if (
            len(grid) < 3
            or list(grid) != sorted(set(grid))
            or grid != tuple(-a for a in grid[::-1])
        ):
            raise InvalidField(
                "a grid of alphas ascends, is symmetric about 0 and holds 0", field="alphas"
            )
        if not 2 <= self.samples <= 100_000:
            raise InvalidField("a scorecard takes 2 to 100000 samples", field="samples")
        if self.random_findings is not None and not 1 <= self.random_findings <= MOST_RANDOM:
            raise InvalidField("a floor takes 1 to 1000 random findings", field="random_findings")
        if not self.judges or not len(self.findings):
            raise NeedsUnmet(
                "a scorecard needs at least one finding and one predictor that is no embedder"
            )
        if self.findings.provenance.generator != self.generator.digest:
            raise FindingMismatch(
                f"the findings belong to generator {self.findings.provenance.generator}, "
                f"not {self.generator.digest}"
            )

    @property
    def judges(self) -> tuple[PredictorCard, ...]:
        """Those whose scores are measured, side by side in this order."""
        return tuple(card for card in self.predictors if card.task != EMBEDDER)

    def random_set(self) -> FindingSet:
        """The random floor: to be stored beside the findings, so that recipes can name it."""
        return self._random

    @property
    def deviation_spec(self) -> PopulationSpec:
        """Its first shard, whole, gives the SDs that effects are told in."""
        return PopulationSpec(self.generator.digest, held_out_seed(self.seed))

    @property
    def random_count(self) -> int:
        """How many random findings make the floor: as many like each of the findings."""
        if self.random_findings is not None:
            return self.random_findings
        n = len(self.findings)
        return n * max(1, min(FLOOR_SHARE, MOST_RANDOM // n))

    @property
    def shards(self) -> int:
        """How many shards of recipes there are."""
        return 1 + len(self.findings) + -(-self.random_count // FLOOR_GROUP)

    def recipes(self, shard: int) -> list[Recipe]:
        """The recipes of one shard: every alpha for all samples, one alpha after the other."""
        seed = held_out_seed(self.seed)
        return [
            Recipe(generator=self.generator.digest, source=SeedSource(seed, sample), moves=moves)
            for moves, samples in self._moves(shard)
            for sample in samples
        ]

    def measure(
        self, deviation_scores: np.ndarray, shard_scores: Sequence[np.ndarray]
    ) -> Scorecard:
        """The card, from the scores [1024, K] of the deviation shard and [n, K] of every shard."""
        self._check_scores(deviation_scores, shard_scores)
        population = self.readings.spread(deviation_scores)
        deviations = population.astype(np.float64).std(0)
        followed = self.followed(shard_scores)
        curves = [curve for curve, _ in followed]
        strongest = np.array([_strongest(c[0], c[-1], deviations) for c in curves])
        floor = discovery_floor(strongest, self._random_effects(shard_scores, deviations))
        return Scorecard(
            finding_set=finding_set_digest(self.findings),
            generator=self.generator.digest,
            scorers=self.readings.refs(deviations),
            independent=not self.seen_by_the_method,
            alphas=self.alphas,
            seed=held_out_seed(self.seed),
            samples=self.samples,
            random_floor_sd=floor,
            random_findings=self.random_count,
            findings=tuple(
                self._score(index, curve, population, floor, share)
                for index, (curve, share) in enumerate(followed)
            ),
        )

    def followed(self, shard_scores: Sequence[np.ndarray]) -> list[tuple[np.ndarray, float]]:
        """Scores [alphas, n, K] along every finding, the unmoved latents at alpha = 0, and the
        share of the latents that are readable along it: the others are left out."""
        still = self.alphas.index(0)
        known = shard_scores[1 : 1 + len(self.findings)]
        curves = [self._with_zero(shard_scores[0], scores) for scores in known]
        return [self.readings.followed(rows, still) for rows in curves]

    @cached_property
    def readings(self) -> Readings:
        """How the judges' scores are read."""
        return Readings(self.judges)

    @property
    def seen_by_the_method(self) -> bool:
        """Whether any of the judges is a predictor that the method was given."""
        given = self.findings.provenance.predictors
        return any(card.digest in given for card in self.judges)

    def move(self, index: int, alpha: float) -> Move:
        """Along one of the findings, by the move's own alpha."""
        return _move(self.findings.findings[index], FindingRef(self._digests[0], index), alpha)

    @cached_property
    def _random(self) -> FindingSet:
        provenance = Provenance(
            method="random",
            version="1",
            parameters={
                "count": self.random_count,
                "beside": finding_set_digest(self.findings),
            },
            seed=held_out_seed(self.seed),
            generator=self.generator.digest,
        )
        findings = random_like(
            self.findings.findings, self.generator, held_out_seed(self.seed), self.random_count
        )
        return FindingSet(findings, provenance, tuple(f"random {i}" for i in range(len(findings))))

    @cached_property
    def _digests(self) -> tuple[str, str]:
        return finding_set_digest(self.findings), finding_set_digest(self._random)

    def _moves(self, shard: int) -> list[tuple[tuple[Move, ...], range]]:
        """The moves of one shard, one after the other, each with the samples it is tried on."""
        if not 0 <= shard < self.shards:
            raise InvalidField(f"there are shards 0 to {self.shards - 1}", field="shard")
        whole, index = range(self.samples), shard - 1
        if shard == 0:
            return [((), whole)]
        if index < len(self.findings):
            grid = [alpha for alpha in self.alphas if alpha != 0]
            moves = self._along(self.findings, self._digests[0], index, grid)
            return [(move, whole) for move in moves]
        first = (index - len(self.findings)) * FLOOR_GROUP
        ends = [self.alphas[0], self.alphas[-1]]
        return [
            (move, self._own_samples(place))
            for place in range(first, min(first + FLOOR_GROUP, self.random_count))
            for move in self._along(self._random, self._digests[1], place, ends)
        ]

    def _along(
        self, findings: FindingSet, digest: str, index: int, grid: Sequence[float]
    ) -> list[tuple[Move, ...]]:
        finding, ref = findings.findings[index], FindingRef(digest, index)
        unit = _unit(finding, self.alphas[-1])
        return [(_move(finding, ref, alpha * unit),) for alpha in grid]

    def _own_samples(self, place: int) -> range:
        """Eight held-out latents for every random finding in turn; all where there are fewer."""
        blocks = max(1, self.samples // FLOOR_SAMPLES)
        first = place % blocks * FLOOR_SAMPLES
        return range(first, min(first + FLOOR_SAMPLES, self.samples))

    def _random_effects(
        self, shard_scores: Sequence[np.ndarray], deviations: np.ndarray
    ) -> np.ndarray:
        """The strongest effect of every random finding [m], in SD."""
        scores = np.concatenate(shard_scores[1 + len(self.findings) :])
        effects, start = np.empty(self.random_count), 0
        for place in range(self.random_count):
            count = len(self._own_samples(place))
            ends = scores[start : start + 2 * count].reshape(2, count, -1)
            (before, after), _ = self.readings.followed(ends, 0)
            effects[place] = _strongest(before, after, deviations)
            start += 2 * count
        return effects

    def _check_scores(
        self, deviation_scores: np.ndarray, shard_scores: Sequence[np.ndarray]
    ) -> None:
        columns = self.readings.width
        wanted = [(SHARD, columns)]
        wanted += [
            (sum(len(samples) for _, samples in self._moves(shard)), columns)
            for shard in range(self.shards)
        ]
        given = [deviation_scores.shape, *(scores.shape for scores in shard_scores)]
        if given != wanted:
            raise InvalidField(
                f"a card of {self.shards} shards takes scores of the shapes that its recipes have",
                field="shard_scores",
            )

    def _with_zero(self, held: np.ndarray, scores: np.ndarray) -> np.ndarray:
        """[alphas, n, K]: the shard of a finding with the unmoved latents put in at alpha = 0."""
        grid = scores.reshape(len(self.alphas) - 1, self.samples, -1)
        return np.insert(grid, self.alphas.index(0), held, axis=0)

    def _calibration(self, target: np.ndarray, sign: int, deviation: float) -> tuple[float, ...]:
        """Mean change of a target [alphas, n] over those with room for it, in SD."""
        if not deviation > 0:
            return tuple(0.0 for _ in self.alphas)
        zero = target[self.alphas.index(0)]
        rising, falling = lower_half(zero), lower_half(-zero)
        change = (target.astype(np.float64) - zero) / deviation
        return tuple(
            float(row[rising if alpha * sign > 0 else falling].mean())
            for alpha, row in zip(self.alphas, change, strict=True)
        )

    def _score(
        self,
        index: int,
        curves: np.ndarray,
        population: np.ndarray,
        floor: float,
        readable: float,
    ) -> FindingScore:
        """curves: the scores [alphas, n, K] along one finding. population: scores [N, K]."""
        base = population.astype(np.float64)
        deviations = base.std(0)
        ends = mean_effect(curves[0], curves[-1], deviations)
        target = int(np.abs(ends).argmax())
        sign = 1 if ends[target] >= 0 else -1
        effects = sign * ends
        change = sign * (curves[-1, :, target] - curves[0, :, target]).astype(np.float64)
        named = effects[target] > floor and readable >= LEAST_READABLE
        zero = curves[self.alphas.index(0)]
        return FindingScore(
            index=index,
            target=self.readings.labels[target] if named else NONE,
            sign=sign,
            effect_sd=float(effects[target]),
            effects_sd=tuple(float(effect) for effect in effects),
            side_effect_sd=float(np.abs(np.delete(effects, target)).max(initial=0.0)),
            readable=readable,
            monotonicity=monotonicity(sign * curves[:, :, target]),
            linearity=linearity(np.array(self.alphas), curves[:, :, target]),
            curve_sd=tuple(
                tuple(float(v) for v in mean_effect(zero, scores, deviations)) for scores in curves
            ),
            interval_sd=effect_interval(change, base[:, target], held_out_seed(self.seed)),
            calibration_sd=self._calibration(curves[:, :, target], sign, deviations[target]),
            unit=_unit(self.findings.findings[index], self.alphas[-1]),
        )


def lower_half(scores: np.ndarray) -> np.ndarray:
    """Positions [n // 2] of the lowest scores [n], lowest first: there is room for a rise."""
    return np.argsort(scores, kind="stable")[: len(scores) // 2]


def _strongest(before: np.ndarray, after: np.ndarray, deviations: np.ndarray) -> float:
    """The largest absolute mean change of a score [n, K] -> [n, K], in SD."""
    return float(np.abs(mean_effect(before, after, deviations)).max())


def _move(finding: Finding, ref: FindingRef, alpha: float) -> Move:
    coefficients: tuple[float, ...] = ()
    if isinstance(finding, Subspace):
        coefficients = (1.0, *(0.0 for _ in finding.scales[1:]))
    return Move(ref, alpha, coefficients)


def _unit(finding: Finding, reach: float) -> float:
    """What one unit of the grid is as a move's alpha."""
    whole_at_one = isinstance(finding, Units) or (
        isinstance(finding, Intervention) and finding.operation is Operation.SET
    )
    return 1 / reach if whole_at_one else 1.0
