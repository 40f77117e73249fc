"""InterFaceGAN: the normal of the boundary between the two ends of a score.

Source: Shen, Gu, Tang and Zhou, "Interpreting the Latent Space of GANs for Semantic Face Editing"
(arXiv 1907.10786), section 3: a linear boundary between the extremes of a scored population;
section 3.3 and eq. 4: conditional manipulation by projecting other normals out.

In W+ the population's w is the same on every layer, so a boundary there is the one of W: its
normal n is repeated on the k chosen layers, v = (n, ..., n) / sqrt(k), whose SD over the population
is sqrt(k) SD(w . n). A move of alpha then moves every chosen layer by alpha SD(w . n) n, exactly
as the direction in W does with those layers; but it also starts from latents that differ from layer
to layer, such as inverted images.
"""

from collections.abc import Sequence
from functools import cached_property, partial
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from directrix.discovery import DiscoveryMethod, Journal, Learner, MethodParams, Need, Problem
from directrix.errors import ConditionsCollinear, InvalidField, NeedsUnmet, SpaceUnavailable
from directrix.generators import Generator
from directrix.learners import Ends, Extremes, learners
from directrix.metrics import choose_columns, column_labels, owner
from directrix.population import deviation
from directrix.types import (
    SHARD,
    Direction,
    FindingSet,
    Population,
    PredictorCard,
    Rows,
    Space,
)

LEAST_RESIDUAL = 0.2
"""What has to be left of a normal without its conditions; below it an edit is noise."""

LEAST_SPREAD = 0.01
"""Conditions that point the same way but for this (about a degree) are held as one: what is left
between their normals is the fit's noise."""

HINT_LENGTH = 200

Label = Annotated[str, Field(min_length=1, max_length=200)]
Layer = Annotated[int, Field(ge=0, le=1023)]


class InterFaceGanParams(MethodParams):
    space: Literal["auto", "z", "w", "w+"] = Field(
        "auto", description="Latent space of the directions; auto: W where there is one, else Z."
    )
    scorers: tuple[Label, ...] = Field(
        (), max_length=256, description="Names of the scorers to find directions for; empty: all."
    )
    fraction: float = Field(
        0.1,
        ge=0.005,
        le=0.5,
        description="Share of the population taken at each end of a score, 0.005 to 0.5.",
    )
    learner: Literal["svm", "logistic"] = Field(
        "svm", description="What is fitted: a linear support vector machine or a regression."
    )
    conditions: tuple[Label, ...] = Field(
        (),
        max_length=64,
        description="Names of scorers to hold: their normals are projected out of the others.",
    )
    validation: float = Field(
        0.3,
        ge=0.0,
        le=0.5,
        description="Share of the extremes kept out of the fit to tell its accuracy, 0 to 0.5.",
    )
    layers: tuple[Layer, ...] = Field(
        (),
        max_length=256,
        description="Indices of the layers that move, in W and W+; empty means all.",
    )


class InterFaceGan(DiscoveryMethod):
    """The direction that separates latents with the highest from those with the lowest score."""

    name = "interfacegan"
    version = "2"
    needs = frozenset({Need.POPULATION})
    Params = InterFaceGanParams
    params: InterFaceGanParams

    def fit(self, problem: Problem) -> FindingSet:
        """One Direction a scorer, positive towards more of it; hints tell the residual norm.

        At each end at most 10 000 samples are taken. A scorer that is constant over the population
        has no direction and is left out. Raises
        NeedsUnmet where none is left or the population is too small, InvalidField for unknown
        scorers and layers, and ConditionsCollinear where less than 0.2 of a normal is left.
        """
        self.check_needs(problem)
        fit = _Fit(self.params, problem)
        targets = choose_columns(problem.predictors, self.params.scorers, "parameters.scorers")
        held = self._conditions(problem)
        normals = fit.normals([*targets, *(c for c in held if c not in targets)])
        labels = column_labels(problem.predictors)
        kept = [column for column in targets if column in normals]
        if not kept:
            raise NeedsUnmet("every chosen scorer is constant over the population")
        left = [_condition(column, held, normals, labels) for column in kept]
        findings = fit.directions(np.stack([normal for normal, _ in left]))
        return FindingSet(findings, self.provenance(problem), tuple(hint for _, hint in left))

    def _conditions(self, problem: Problem) -> tuple[int, ...]:
        wanted = self.params.conditions
        if not wanted:
            return ()
        return choose_columns(problem.predictors, wanted, "parameters.conditions")


def _condition(
    target: int, held: Sequence[int], normals: dict[int, np.ndarray], labels: Sequence[str]
) -> tuple[np.ndarray, str]:
    """The target's normal without the span of the others' (least squares), of unit length; hint."""
    others = [column for column in held if column != target and column in normals]
    if not others:
        return normals[target], labels[target]
    rest = without_span(normals[target], np.stack([normals[column] for column in others]))
    length = float(np.linalg.norm(rest))
    if length < LEAST_RESIDUAL:
        raise ConditionsCollinear(
            f"{labels[target]!r} cannot be told from its conditions: without them its residual "
            f"norm is {length:.3f}, less than {LEAST_RESIDUAL}; take a condition out",
            field="parameters.conditions",
            residual_norm=f"{length:.6f}",
        )
    return rest / length, _hint(labels[target], [labels[c] for c in others], length)


def without_span(normal: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """What is left of a normal [d] without the span of unit rows [k, d].

    The rows may depend on one another: directions of their span in which all of them together
    hardly reach (singular value below 0.01 of the largest) do not count as held.
    """
    _, reach, basis = np.linalg.svd(rows, full_matrices=False)
    spanned = basis[reach > LEAST_SPREAD * reach[0]]
    rest = normal - (spanned @ normal) @ spanned
    return rest - (spanned @ rest) @ spanned


def _hint(label: str, conditions: Sequence[str], length: float) -> str:
    told = f"{label} without {', '.join(conditions)}: residual norm {length:.2f}"
    if len(told) <= HINT_LENGTH:
        return told
    return f"{label[:120]} without {len(conditions)} conditions: residual norm {length:.2f}"


class _Fit:
    """One fit: reads extremes of the population and fits boundaries, scorer by scorer."""

    def __init__(self, params: InterFaceGanParams, problem: Problem):
        assert problem.population is not None  # check_needs has seen to it
        self.params, self.problem = params, problem
        self.population: Population = problem.population
        self.space = _space(params, problem)
        self.layers = tuple(sorted(set(params.layers)))
        self.dimension = problem.generator.dimension(self.space)
        self.journal = Journal(problem.checkpoint)
        self._wanted: Sequence[int] = ()
        self.learner: Learner = (problem.learners or learners())[params.learner]

    def directions(self, normals: np.ndarray) -> tuple[Direction, ...]:
        """Unit normals [k, d] as findings of the space, each with its SD as its unit."""
        vectors = normals
        if self.space is Space.W_PLUS:
            moved = list(self.layers or range(self.problem.generator.num_layers(self.space)))
            vectors = np.zeros(
                (len(normals), self.problem.generator.num_layers(self.space), self.dimension)
            )
            vectors[:, moved] = normals[:, None] / np.sqrt(len(moved))
        scales = deviation(self.problem.generator, self.space, vectors)
        return tuple(
            Direction(self.space, vector, float(scale), self.layers)
            for vector, scale in zip(vectors, scales, strict=True)
        )

    def normals(self, columns: Sequence[int]) -> dict[int, np.ndarray]:
        """Column -> unit normal [d] of every scorer that is not constant."""
        self._wanted = columns
        labels = column_labels(self.problem.predictors)
        found = {}
        for place, column in enumerate(columns):
            row = self.journal.step(partial(self._row, column))
            note = f"{labels[column]}: {_told(row)}"
            self.problem.progress(place + 1, len(columns), note)
            if np.isfinite(row).all():
                found[column] = row[1:]
        return found

    def _row(self, column: int) -> np.ndarray:
        """Accuracy on the extremes that were kept out, then the normal: [1 + d].

        Not-a-number where the scorer is constant.
        """
        ends = self._ends[column]
        if len(ends.low) < 2:
            raise NeedsUnmet(
                f"{self.population.count} samples with fraction {self.params.fraction} leave "
                f"fewer than 2 at each end: take more of either"
            )
        if not ends.apart:
            return np.full(1 + self.dimension, np.nan)
        return self._separate(ends.low, ends.high)

    @cached_property
    def _ends(self) -> dict[int, Ends]:
        """Of all wanted columns, in one pass over the population's shards."""
        count = self.population.count
        found = {column: Extremes(count, self.params.fraction) for column in self._wanted}
        owners = {column: owner(self.problem.predictors, column) for column in found}
        for start in range(0, count, SHARD):
            rows = slice(start, min(start + SHARD, count))
            parts = {card.digest: self._scores(card)[rows] for card, _ in owners.values()}
            for column, (card, first) in owners.items():
                found[column].add(start, parts[card.digest][:, column - first])
        return {column: extremes.ends() for column, extremes in found.items()}

    def _scores(self, card: PredictorCard) -> Rows:
        if card.digest not in self.population.scores:
            raise NeedsUnmet(f"the population has no scores of predictor {card.name}")
        return self.population.scores[card.digest]

    def _separate(self, low: np.ndarray, high: np.ndarray) -> np.ndarray:
        count = len(low)
        order = np.random.Generator(np.random.Philox(self.problem.seed)).permutation(count)
        keep = count - min(int(count * self.params.validation), count - 1)
        points = self._latents(np.concatenate([low[order], high[order]]))
        labels = np.repeat([0, 1], count)
        fitted = np.tile(np.arange(count) < keep, 2)
        normal = self.learner(points[fitted], labels[fitted], self.problem.seed)
        along = points @ normal
        middle = (along[fitted & (labels == 0)].mean() + along[fitted & (labels == 1)].mean()) / 2
        judged = ~fitted if keep < count else fitted
        accuracy = ((along > middle) == labels)[judged].mean()
        return np.concatenate([[accuracy], normal])

    def _latents(self, samples: np.ndarray) -> np.ndarray:
        """Latents [n, d] of the population's samples, shard by shard: only these are kept."""
        points = np.empty((len(samples), self.dimension), np.float32)
        for start in range(0, self.population.count, SHARD):
            inside = (samples >= start) & (samples < start + SHARD)
            if inside.any():
                points[inside] = self._shard(start)[samples[inside] - start]
        return points

    def _shard(self, start: int) -> np.ndarray:
        population = self.population
        count = min(SHARD, population.count - start)
        spec, first = population.spec, population.start + start
        space = Space.W if self.space is Space.W_PLUS else self.space
        return self.problem.sample(spec.seed, first, count, space, spec.truncation)


def _space(params: InterFaceGanParams, problem: Problem) -> Space:
    generator = problem.generator
    space = Space(params.space) if params.space != "auto" else generator.truncation_space
    generator.dimension(space)  # raises SpaceUnavailable
    if params.layers:
        _check_layers(params.layers, space, generator)
    return space


def _check_layers(layers: Sequence[int], space: Space, generator: Generator) -> None:
    if Space.W_PLUS not in generator.spaces or space not in (Space.W, Space.W_PLUS):
        raise SpaceUnavailable(
            f"layers can be chosen in w and w+ of a generator that has w+, not in {space} of "
            f"{generator.card.name}",
            space=space,
        )
    count = generator.num_layers(Space.W_PLUS)
    if max(layers) >= count:
        raise InvalidField(
            f"generator {generator.card.name} has layers 0 to {count - 1}, not {max(layers)}",
            field="parameters.layers",
        )


def _told(row: np.ndarray) -> str:
    if not np.isfinite(row).all():
        return "constant, left out"
    return f"{row[0]:.1%} of the extremes kept out lie on the right side"
