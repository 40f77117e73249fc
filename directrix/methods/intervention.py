"""Sequential correlation analysis: which single coordinates of a latent control a score.

Source: Li, Tao, Niu and Li, "Understanding the Latent Space of GANs through Correlation Analysis
for Controllable Concept Manipulation" (arXiv 2006.10132, ICPR 2020). The paper's text was not at
hand: importance, correlation and controlling set follow its abstract and the authors' later code.

Single coordinates depend on the basis. A generator that normalises z (style-based ones do) couples
all of its coordinates: moving one rescales the rest, so W is the better space there.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Literal

import numpy as np
import torch
from pydantic import Field, field_validator

from directrix.discovery import DiscoveryMethod, Journal, MethodParams, Need, Problem
from directrix.errors import NeedsUnmet
from directrix.metrics import (
    CoordinateAnalysis,
    Rule,
    choose_columns,
    column_labels,
    controlling_set,
    measure_sensitivity,
    owner,
)
from directrix.population import coordinate_deviation
from directrix.types import FindingSet, Intervention, Latent, Operation, ScoreKind, Space

CALL = 1024
"""Latents scored by one call, about: large batches are what serving is fast at."""

TINY = 1e-15
"""What the other classes have at least, of the winner's 1, where log-odds are taken."""

CANDIDATES = 100
"""Latents looked at for every one wanted of the source class."""

Label = Annotated[str, Field(min_length=1, max_length=200)]
Delta = Annotated[float, Field(ge=-20, le=20)]


class InterventionParams(MethodParams):
    space: Literal["auto", "z", "w", "s"] = Field(
        "auto", description="Latent space of the coordinates; auto: W where there is one, else Z."
    )
    scorers: tuple[Label, ...] = Field(
        (), max_length=256, description="Names of the scorers to analyse; empty: all of them."
    )
    source: str = Field(
        "",
        max_length=200,
        description="Start only from latents that this class wins; empty: from any latent.",
    )
    samples: int = Field(
        64, ge=4, le=4096, description="How many latents every intervention is tried on, 4 to 4096."
    )
    deltas: tuple[Delta, ...] = Field(
        (-3.0, -1.5, 1.5, 3.0),
        min_length=2,
        max_length=16,
        description="Interventions: distinct, not 0, -20 to 20, in SD of the coordinate "
        "(mode scale: as a factor of its value).",
    )
    mode: Literal["add", "set", "scale"] = Field(
        "add",
        description="u + delta SD; or u set to its centre + delta SD; or u (1 + delta), whose "
        "sign says little where u has mean 0.",
    )
    measure: Literal["score", "probability", "log_odds"] = Field(
        "score",
        description="What is measured: the scores themselves, or softmax probabilities P or "
        "log(P / (1 - P)) where they are logits of a classifier.",
    )
    rule: Rule = Field(
        Rule.TOP_K, description="What cuts the controlling set off: top_k, mass or threshold."
    )
    top_k: int = Field(10, ge=1, le=4096, description="Rule top_k: how many coordinates.")
    mass: float = Field(
        0.8, ge=0.01, le=1.0, description="Rule mass: share of the summed importance, .01 to 1."
    )
    threshold: float = Field(
        1.0, ge=-5, le=20, description="Rule threshold: SD of the importance above its mean."
    )
    greedy: bool = Field(
        False,
        description="Whether each accepted intervention is kept and the next one starts from it.",
    )
    tau: float = Field(
        0.1, ge=0.0, le=10.0, description="Greedy: least gain of a step, in SD of the base scores."
    )
    steps: int = Field(8, ge=1, le=64, description="Greedy: at most this many interventions.")

    @field_validator("deltas")
    @classmethod
    def _distinct(cls, deltas: tuple[float, ...]) -> tuple[float, ...]:
        if 0 in deltas or len(set(deltas)) < len(deltas):
            raise ValueError("the interventions are distinct and none of them is 0")
        return deltas


class SequentialIntervention(DiscoveryMethod):
    """The coordinates that change a score most when they are moved one at a time."""

    name = "intervention"
    version = "1"
    needs = frozenset({Need.SCORES})
    Params = InterventionParams
    params: InterventionParams

    def fit(self, problem: Problem) -> FindingSet:
        """One Intervention a scorer: its controlling set, most important coordinate first.

        With mode add a value is the coordinate's SD with the sign that raises the score, so that
        alpha counts SD; with set it is the farthest value tried, reached at alpha = 1; with scale
        it is the sign, and alpha the factor. A greedy set's values keep the proportions of what
        was accepted. Raises NeedsUnmet where the source class is too rare, InvalidField for
        unknown scorers.
        """
        self.check_needs(problem)
        columns = choose_columns(problem.predictors, self.params.scorers, "parameters.scorers")
        bench = _Bench(self.params, problem)
        base = bench.base()
        total = bench.dimension * (1 + self.params.greedy * len(columns) * (self.params.steps - 1))
        rows = bench.sweep(base, 0, total)
        findings = []
        for place, column in enumerate(columns):
            if self.params.greedy:
                done = bench.dimension * (1 + place * (self.params.steps - 1))
                found = bench.climb(base, rows, column, done, total)
            else:
                found = bench.control(rows, column)
            findings.append(bench.finding(*found))
        problem.progress(total, total)
        labels = column_labels(problem.predictors)
        return FindingSet(
            tuple(findings), self.provenance(problem), tuple(labels[c] for c in columns)
        )

    def analyse(self, problem: Problem) -> CoordinateAnalysis:
        """Importance and signs of every coordinate moved by itself, for each chosen scorer."""
        self.check_needs(problem)
        columns = list(choose_columns(problem.predictors, self.params.scorers, "scorers"))
        bench = _Bench(self.params, problem)
        rows = bench.sweep(bench.base(), 0, bench.dimension)
        labels = column_labels(problem.predictors)
        return CoordinateAnalysis(
            space=bench.space,
            labels=tuple(labels[c] for c in columns),
            importance=rows[:, 0, columns],
            signs=np.where(rows[:, 1, columns] < 0, -1.0, 1.0),
        )


@dataclass(frozen=True, eq=False)
class _State:
    """Latents [n, d] and what was measured on them [n, K]."""

    points: np.ndarray
    scores: np.ndarray


class _Bench:
    """Where the interventions are made: every scoring call is a step of the journal."""

    def __init__(self, params: InterventionParams, problem: Problem):
        self.params, self.problem = params, problem
        generator = problem.generator
        auto = Space.W if Space.W in generator.spaces else Space.Z
        self.space = auto if params.space == "auto" else Space(params.space)
        self.dimension = generator.dimension(self.space)
        self.spread = coordinate_deviation(generator, self.space)
        self.centre = self._centre()
        self.deltas = np.array(params.deltas)
        self.journal = Journal(problem.checkpoint)

    def base(self) -> _State:
        """The seeded latents that interventions start from."""
        wanted = self.params.samples
        if not self.params.source:
            points = self._sample(0, wanted)
            return _State(points, self.journal.step(partial(self._score, points)))
        return self._of_source(wanted)

    def sweep(self, state: _State, done: int, total: int) -> np.ndarray:
        """Every coordinate moved by every delta: rows [d, 2 + D, K] of `Sensitivity`."""
        size = max(1, CALL // (len(self.deltas) * len(state.points)))
        blocks = []
        for start in range(0, self.dimension, size):
            coordinates = range(start, min(start + size, self.dimension))
            blocks.append(self.journal.step(partial(self._block, state, coordinates)))
            self.problem.progress(min(done + coordinates.stop, total), total, "coordinates")
        return np.concatenate(blocks)

    def control(self, rows: np.ndarray, column: int) -> tuple[np.ndarray, np.ndarray]:
        """(coordinates, strengths): the controlling set of a sweep, with the signs of rho."""
        value = {
            Rule.TOP_K: self.params.top_k,
            Rule.MASS: self.params.mass,
            Rule.THRESHOLD: self.params.threshold,
        }[self.params.rule]
        chosen = controlling_set(rows[:, 0, column], self.params.rule, value)
        return chosen, np.where(rows[chosen, 1, column] < 0, -1.0, 1.0)

    def climb(
        self, base: _State, rows: np.ndarray, column: int, done: int, total: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """(coordinates, strengths) of a greedy ascent, strengths as shares of the largest delta."""
        least = self.params.tau * base.scores[:, column].std()
        state, accepted = base, dict[int, float]()
        while len(accepted) < min(self.params.steps, self.dimension):
            if accepted:
                rows = self.sweep(state, done + (len(accepted) - 1) * self.dimension, total)
            gains = rows[:, 2:, column].copy()
            gains[list(accepted)] = -np.inf
            coordinate, delta = np.unravel_index(gains.argmax(), gains.shape)
            if accepted and gains[coordinate, delta] < least:
                break
            accepted[int(coordinate)] = float(self.deltas[delta])
            points = self._moved(state.points, int(coordinate), float(self.deltas[delta]))
            state = _State(points, self.journal.step(partial(self._score, points)))
        strengths = np.array(list(accepted.values())) / np.abs(self.deltas).max()
        return np.array(list(accepted)), strengths

    def finding(self, coordinates: np.ndarray, strengths: np.ndarray) -> Intervention:
        """The finding that moves these coordinates, strengths in [-1, 1]."""
        operation, reach = Operation(self.params.mode), np.abs(self.deltas).max()
        spread, centre = self.spread[coordinates], self.centre[coordinates]
        values = {
            Operation.ADD: strengths * spread,
            Operation.SET: centre + strengths * reach * spread,
            Operation.SCALE: strengths,
        }[operation]
        return Intervention(self.space, coordinates, values, operation)

    def _block(self, state: _State, coordinates: Sequence[int]) -> np.ndarray:
        """The rows of some coordinates, [n, 2 + D, K], from one scoring call."""
        moved = [self._moved(state.points, c, d) for c in coordinates for d in self.deltas]
        scores = self._score(np.concatenate(moved))
        shape = (len(coordinates), len(self.deltas), *state.scores.shape)
        return np.stack(
            [measure_sensitivity(self.deltas, state.scores, s).row() for s in scores.reshape(shape)]
        )

    def _moved(self, points: np.ndarray, coordinate: int, delta: float) -> np.ndarray:
        points = points.copy()
        match Operation(self.params.mode):
            case Operation.ADD:
                points[:, coordinate] += delta * self.spread[coordinate]
            case Operation.SET:
                points[:, coordinate] = self.centre[coordinate] + delta * self.spread[coordinate]
            case Operation.SCALE:
                points[:, coordinate] *= 1 + delta
        return points

    def _score(self, points: np.ndarray) -> np.ndarray:
        """What is measured on latents [N, d]: float64 [N, K], in calls of at most CALL."""
        assert self.problem.score is not None  # check_needs has seen to it
        digest = self.problem.generator.card.digest
        parts = [
            self.problem.score(Latent(self.space, digest, points[start : start + CALL]))
            for start in range(0, len(points), CALL)
        ]
        scores = np.concatenate(parts).astype(np.float64)
        if self.params.measure != "score":
            self._to_chances(scores)
        return scores

    def _to_chances(self, scores: np.ndarray) -> None:
        """In place: the logits of every classifier become probabilities or log-odds."""
        start = 0
        for card in self.problem.predictors:
            own = slice(start, start := start + len(card.scorers))
            logits = all(scorer.kind is ScoreKind.LOGIT for scorer in card.scorers)
            if card.task == "classifier" and logits:
                powers = np.exp(scores[:, own] - scores[:, own].max(1, keepdims=True))
                total = powers.sum(1, keepdims=True)
                if self.params.measure == "probability":
                    scores[:, own] = powers / total
                else:
                    scores[:, own] = np.log(powers) - np.log(np.maximum(total - powers, TINY))

    def _of_source(self, wanted: int) -> _State:
        predictors = self.problem.predictors
        (column,) = choose_columns(predictors, (self.params.source,), "parameters.source")
        card, first = owner(predictors, column)
        points, scores, found = [], [], 0
        for start in range(0, CANDIDATES * wanted, CALL):
            drawn = self._sample(start, CALL)
            measured = self.journal.step(partial(self._score, drawn))
            won = measured[:, first : first + len(card.scorers)].argmax(1) == column - first
            points.append(drawn[won])
            scores.append(measured[won])
            found += int(won.sum())
            self.problem.progress(0, 0, f"{found} of {wanted} latents of {self.params.source}")
            if found >= wanted:
                return _State(np.concatenate(points)[:wanted], np.concatenate(scores)[:wanted])
        raise NeedsUnmet(
            f"only {found} of {CANDIDATES * wanted} latents are of class "
            f"{self.params.source!r}: take fewer samples than {wanted} or another class"
        )

    def _sample(self, start: int, count: int) -> np.ndarray:
        return self.problem.sample(self.problem.seed, start, count, self.space)

    @torch.inference_mode()
    def _centre(self) -> np.ndarray:
        """Where truncation 0 leads: the mean of the space, [d]."""
        zero = torch.zeros(1, self.dimension, device=self.problem.generator.device)
        point = self.problem.generator.truncate(zero, self.space, 0.0)
        return point[0].cpu().numpy().astype(np.float64)
