"""Optimisation-based correlation analysis: one sensitivity vector, learnt for all coordinates.

Source: Li, Tao, Niu and Li, "Understanding the Latent Space of GANs through Correlation Analysis
for Controllable Concept Manipulation" (arXiv 2006.10132, ICPR 2020), second method. The paper's
text was not at hand; the objective is that of the authors' later code: with s = tanh(w) in (-1, 1)
for every coordinate, gradient steps on

    L(s) = - mean_i max(|P(u_i-) - P(u_i)|, |P(u_i+) - P(u_i)|) + penalty |s|

multiplicative (as released)  u+- = u o (1 +- c m(u) s),  m(u) = sqrt(d) x mean of u's coordinates
additive (better)             u+- = u +- c SD o s

or, with aim "rise", on what u+ alone gains. The multiplicative move's direction changes with the
sign of every coordinate and of m(u), so where coordinates have mean 0 it ranks them but has no
signs. The released settings are mode multiplicative, measure probability, aim change, norm l2,
penalty 0.2, reach 1, rate 0.05, batch 1, epochs 1, start 0.5.
"""

from collections.abc import Callable
from functools import partial
from typing import Annotated, Literal

import numpy as np
import torch
from pydantic import Field
from torch import Tensor

from directrix.batches import in_fixed_batches
from directrix.discovery import DiscoveryMethod, Journal, MethodParams, Need, Problem
from directrix.errors import NeedsUnmet
from directrix.metrics import (
    CoordinateAnalysis,
    Rule,
    choose_columns,
    column_labels,
    controlling_set,
    owner,
)
from directrix.population import coordinate_deviation
from directrix.predictors import Predictor
from directrix.types import FindingSet, Intervention, Operation, Space

STRIDE = 16
"""Gradient steps between two checkpoints."""

DRAWN = 256
"""Latents drawn and scored at a time while a source class is looked for."""

CANDIDATES = 100
"""Latents looked at for every one wanted of the source class."""

LEAST = 1e-6
"""Sensitivity that a chosen coordinate has at least, for a finding moves all of its own."""

Label = Annotated[str, Field(min_length=1, max_length=200)]
Measured = Callable[[Tensor], Tensor]
"""Latents [n, d] -> what is measured on their images [n]."""


class SensitivityParams(MethodParams):
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
    samples: int = Field(128, ge=4, le=8192, description="How many latents are learnt from.")
    mode: Literal["additive", "multiplicative"] = Field(
        "additive",
        description="u +- reach SD s; or u (1 +- reach m(u) s) as the authors released it, which "
        "ranks coordinates but has no signs where their mean is 0.",
    )
    reach: float = Field(
        3.0,
        ge=0.01,
        le=100.0,
        description="How far a coordinate of sensitivity 1 moves: in SD (additive), or as a "
        "factor of m(u) (multiplicative; 1 as released).",
    )
    measure: Literal["log_odds", "score", "probability"] = Field(
        "log_odds",
        description="What is measured: log(P / (1 - P)) or P of the softmax where scorers are "
        "logits of a classifier, else the score; in SD over the samples, P as it is.",
    )
    aim: Literal["change", "rise"] = Field(
        "change",
        description="What is made large: the larger change of u- and u+ (as released), or what "
        "u+ gains, which is what turns a source class into another one.",
    )
    norm: Literal["l1", "l2"] = Field(
        "l1",
        description="What is penalised: the sum of the sizes of s, or its length (as released).",
    )
    penalty: float = Field(
        0.02, ge=0.0, le=10.0, description="Weight of the norm, in the unit of what is measured."
    )
    rate: float = Field(0.1, ge=1e-5, le=10.0, description="Size of a gradient step.")
    batch: int = Field(16, ge=1, le=256, description="Latents of one gradient step.")
    epochs: int = Field(8, ge=1, le=100, description="Passes over the samples.")
    start: float = Field(
        0.01,
        ge=1e-4,
        le=2.0,
        description="Where w starts: normal chance with this SD (l1), or this value (l2).",
    )
    values: Literal["sensitivity", "sign"] = Field(
        "sensitivity",
        description="How far the chosen coordinates move at alpha 1: in proportion to their "
        "sensitivity, the largest by 1 SD; or all of them by 1 SD.",
    )
    rule: Rule = Field(
        Rule.TOP_K, description="What cuts the controlling set off: top_k, mass or threshold."
    )
    top_k: int = Field(10, ge=1, le=4096, description="Rule top_k: how many coordinates.")
    mass: float = Field(
        0.8, ge=0.01, le=1.0, description="Rule mass: share of the summed sensitivity, .01 to 1."
    )
    threshold: float = Field(
        1.0, ge=-5, le=20, description="Rule threshold: SD of the sensitivity above its mean."
    )


class Sensitivity(DiscoveryMethod):
    """The coordinates that change a score most when all of them are moved at once."""

    name = "sensitivity"
    version = "1"
    needs = frozenset({Need.GRADIENTS, Need.NETWORKS})
    Params = SensitivityParams
    params: SensitivityParams

    def fit(self, problem: Problem) -> FindingSet:
        """One Intervention a scorer: its controlling set, most sensitive coordinate first.

        Additive values are in the space's unit, with the sign that raises the score; alpha counts
        SD of the strongest coordinate. Multiplicative ones are factors, and alpha their size.
        Raises NeedsUnmet where the source class is too rare, InvalidField for unknown scorers.
        """
        analysis = self.analyse(problem)
        spread = coordinate_deviation(problem.generator, analysis.space)
        findings = [
            self._finding(analysis.space, importance, signs, spread)
            for importance, signs in zip(analysis.importance.T, analysis.signs.T, strict=True)
        ]
        return FindingSet(tuple(findings), self.provenance(problem), analysis.labels)

    def analyse(self, problem: Problem) -> CoordinateAnalysis:
        """|s| and the signs of s of every coordinate, for each chosen scorer.

        With aim change s and -s have the same loss: it is turned so that u+ scores more than u-.
        """
        self.check_needs(problem)
        columns = choose_columns(problem.predictors, self.params.scorers, "parameters.scorers")
        search = _Search(self.params, problem)
        search.begin()
        found = [search.run(c, place, len(columns)) for place, c in enumerate(columns)]
        labels = column_labels(problem.predictors)
        vectors = np.stack(found, 1)
        return CoordinateAnalysis(
            space=search.space,
            labels=tuple(labels[column] for column in columns),
            importance=np.abs(vectors),
            signs=np.where(vectors < 0, -1.0, 1.0),
        )

    def _finding(
        self, space: Space, importance: np.ndarray, signs: np.ndarray, spread: np.ndarray
    ) -> Intervention:
        value = {
            Rule.TOP_K: self.params.top_k,
            Rule.MASS: self.params.mass,
            Rule.THRESHOLD: self.params.threshold,
        }[self.params.rule]
        chosen = controlling_set(importance, self.params.rule, value)
        strengths = signs[chosen]
        if self.params.values == "sensitivity":
            sizes = np.maximum(importance[chosen], LEAST)
            strengths = strengths * sizes / sizes.max()
        if self.params.mode == "multiplicative":
            return Intervention(space, chosen, strengths, Operation.SCALE)
        return Intervention(space, chosen, strengths * spread[chosen], Operation.ADD)


class _Search:
    """Gradient steps on the sensitivity, in strides: each stride is a step of the journal."""

    def __init__(self, params: SensitivityParams, problem: Problem):
        self.params, self.problem = params, problem
        self.generator = problem.generator
        auto = Space.W if Space.W in self.generator.spaces else Space.Z
        self.space = auto if params.space == "auto" else Space(params.space)
        self.dimension = self.generator.dimension(self.space)
        self.spread = self._tensor(coordinate_deviation(self.generator, self.space))
        self.journal = Journal(problem.checkpoint)

    def begin(self) -> None:
        """Draws the latents that interventions start from: `points` [n, d]."""
        points = self.journal.step(self._draw)
        self.points = self._tensor(points)

    def run(self, column: int, place: int, places: int) -> np.ndarray:
        """The oriented sensitivity [d] of one scorer."""
        measured, unit = self._measured(column)
        total = self.params.epochs * -(-len(self.points) // self.params.batch)
        w = self._start(place)
        for first in range(0, total, STRIDE):
            steps = range(first, min(first + STRIDE, total))
            w = self.journal.step(partial(self._stride, measured, unit, w, steps))
            self.problem.progress(place * total + steps.stop, places * total, "gradient steps")
        s = np.tanh(w)
        if self.params.aim == "rise":
            return s
        rise = self.journal.step(partial(self._rise, measured, s))
        return -s if rise[0] < 0 else s

    def _measured(self, column: int) -> tuple[Measured, float]:
        """What is measured of one scorer, and its unit: SD over the samples."""
        predictors = self.problem.predictors
        card, first = owner(predictors, column)
        network = self.problem.networks[predictors.index(card)]
        raw = partial(self._measure, network, column - first)
        if self.params.measure == "probability" and _has_classes(network):
            return raw, 1.0
        return raw, float(self.journal.step(partial(self._unit, raw))[0]) or 1.0

    def _unit(self, measured: Measured) -> np.ndarray:
        with torch.no_grad():
            return in_fixed_batches(measured, self.points).double().std(correction=0).numpy()[None]

    def _measure(self, network: Predictor, output: int, points: Tensor) -> Tensor:
        scores = network.scores(self.generator.synthesise(points, self.space))
        if self.params.measure == "score" or not _has_classes(network):
            return scores[:, output]
        chances = scores.log_softmax(1)
        if self.params.measure == "probability":
            return chances[:, output].exp()
        others = torch.cat([scores[:, :output], scores[:, output + 1 :]], 1)
        return scores[:, output] - others.logsumexp(1)

    def _start(self, place: int) -> np.ndarray:
        if self.params.norm == "l2":
            return np.full(self.dimension, self.params.start, np.float32)
        chance = np.random.Generator(np.random.Philox(self.problem.seed))
        drawn = chance.standard_normal((place + 1, self.dimension))[place]
        return (self.params.start * drawn).astype(np.float32)

    def _stride(self, measured: Measured, unit: float, w: np.ndarray, steps: range) -> np.ndarray:
        """w [d] after some gradient steps."""
        weights = self._tensor(w)
        for step in steps:
            weights = self._step(measured, unit, weights, self._batch(step))
        return weights.cpu().numpy()

    def _step(self, measured: Measured, unit: float, w: Tensor, points: Tensor) -> Tensor:
        with torch.enable_grad():
            w = w.detach().requires_grad_(True)
            s = torch.tanh(w)
            size = s.abs().sum() if self.params.norm == "l1" else s.square().sum().sqrt()
            loss = self.params.penalty * size - self._change(measured, s, points) / unit
            (slope,) = torch.autograd.grad(loss, w)
        return (w - self.params.rate * slope).detach()

    def _change(self, measured: Measured, s: Tensor, points: Tensor) -> Tensor:
        """What is made large: a mean over the points."""
        if self.params.aim == "rise":
            return measured(self._moved(points, s)).mean()
        with torch.no_grad():
            base = measured(points)
        moved = torch.cat([self._moved(points, -s), self._moved(points, s)])
        return (measured(moved).reshape(2, -1) - base).abs().amax(0).mean()

    def _moved(self, points: Tensor, s: Tensor) -> Tensor:
        if self.params.mode == "additive":
            return points + self.params.reach * self.spread * s
        mean = points.mean(1, keepdim=True) * self.dimension**0.5
        return points * (1 + self.params.reach * mean * s)

    def _rise(self, measured: Measured, s: np.ndarray) -> np.ndarray:
        """Mean of what u+ measures more than u-: [1]. Factors count from m(u) = 1."""
        vector = self._tensor(s)
        step = self.params.reach * (
            self.spread * vector if self.params.mode == "additive" else self.points * vector
        )
        with torch.no_grad():
            up = in_fixed_batches(measured, self.points + step).double().mean()
            down = in_fixed_batches(measured, self.points - step).double().mean()
        return (up - down).cpu().numpy()[None]

    def _batch(self, step: int) -> Tensor:
        """The latents [batch, d] of one step; every epoch has its own seeded order."""
        size, count = self.params.batch, len(self.points)
        epoch, place = divmod(step, -(-count // size))
        chance = np.random.Generator(np.random.Philox(key=[self.problem.seed, epoch + 1]))
        rows = chance.permutation(count)[place * size : (place + 1) * size]
        return self.points[torch.from_numpy(rows).to(self.points.device)]

    def _draw(self) -> np.ndarray:
        """The seeded latents [n, d]: of the source class, or any."""
        wanted, seed = self.params.samples, self.problem.seed
        if not self.params.source:
            return self.problem.sample(seed, 0, wanted, self.space)
        predictors = self.problem.predictors
        (column,) = choose_columns(predictors, (self.params.source,), "parameters.source")
        card, first = owner(predictors, column)
        network = self.problem.networks[predictors.index(card)]
        found: list[np.ndarray] = []
        for start in range(0, CANDIDATES * wanted, DRAWN):
            drawn = self.problem.sample(seed, start, DRAWN, self.space)
            found.extend(drawn[self._winners(network, drawn) == column - first])
            note = f"{len(found)} of {wanted} latents of {self.params.source}"
            self.problem.progress(0, 0, note)
            if len(found) >= wanted:
                return np.stack(found[:wanted])
        raise NeedsUnmet(
            f"only {len(found)} of {CANDIDATES * wanted} latents are of class "
            f"{self.params.source!r}: take fewer samples than {wanted} or another class"
        )

    @torch.no_grad()
    def _winners(self, network: Predictor, points: np.ndarray) -> np.ndarray:
        def scores(rows: Tensor) -> Tensor:
            return network.scores(self.generator.synthesise(rows, self.space))

        return in_fixed_batches(scores, self._tensor(points)).argmax(1).cpu().numpy()

    def _tensor(self, values: np.ndarray) -> Tensor:
        return torch.tensor(values, dtype=torch.float32, device=self.generator.device)


def _has_classes(network: Predictor) -> bool:
    logits = all(scorer.kind == "logit" for scorer in network.card.scorers)
    return network.card.task == "classifier" and logits and len(network.card.scorers) > 1
