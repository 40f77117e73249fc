"""SC2GAN: directions corrected with samples of the combinations that training data lacked.

Source: Chen, Zhao, Aarabi and Jiang, "SC2GAN: Rethinking Entanglement by Self-correcting Correlated
GAN Space" (arXiv 2310.06667). The paper's text was not at hand: the steps follow its abstract and
the same first author's released code. `correction = "pairs"`, `restorations`, `start = "source"`
and the choice of the round with the least side effects are ours; `refit` in W from the edit,
without restorations, is the paper's.

For every scorer, in rounds: which scorers are entangled with it (cells, lift); sources in dense
cells, edited along the direction in its semantic layers until the score flips; the edited picture
re-projected into the learner's space; accepted where the score has flipped and the others have
not; the direction learnt anew from what was accepted beside the population's extremes.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Annotated, Literal

import numpy as np
import torch
from pydantic import Field as Setting
from torch import Tensor

from directrix.correction import (
    Goal,
    LearnerName,
    LowDensitySet,
    Mover,
    MoverLearner,
    PopulationCodes,
    Reader,
    Slopes,
    Split,
    balanced,
    cells,
    ends,
    goals,
    invert,
    layer_effects,
    partners,
    population_scores,
    recalled,
    restore,
    search,
    semantic_layers,
    side_effects,
    study,
    thresholds,
)
from directrix.discovery import DiscoveryMethod, Journal, MethodParams, Need, Problem
from directrix.errors import InvalidField, NeedsUnmet
from directrix.learners import learners
from directrix.metrics import choose_columns, column_labels
from directrix.types import SHARD, FindingSet, Space

JUDGED = 48
"""Samples of the population that tell a round's side effects."""

LEAST_ACCEPTED = 4
"""Low-density samples without which a round changes nothing."""

Label = Annotated[str, Setting(min_length=1, max_length=200)]


class Sc2GanParams(MethodParams):
    space: Literal["auto", "z", "w", "w+"] = Setting(
        "auto", description="Space of the learner; auto: W+ where there is one, else W, else Z."
    )
    scorers: tuple[Label, ...] = Setting(
        (), max_length=256, description="Names of the scorers to find directions for; empty: all."
    )
    learner: LearnerName = Setting(
        "svm",
        description="What is corrected: a support vector machine or a regression (InterFaceGAN), "
        "the mean difference, or a gradient field (GradCtrl; in Z and W).",
    )
    correction: Literal["pairs", "refit"] = Setting(
        "pairs",
        description="pairs: from each low-density sample and its own source; refit: the learner "
        "again, on extremes and low-density samples with all cells made equal.",
    )
    fraction: float = Setting(
        0.1,
        ge=0.005,
        le=0.5,
        description="Share of the population taken at each end of a score, 0.005 to 0.5.",
    )
    share: float = Setting(
        0.3,
        ge=0.01,
        le=1.0,
        description="Low-density samples as a share of the extremes, 0.01 to 1.",
    )
    rounds: int = Setting(
        2, ge=1, le=8, description="Corrections one after the other, each from the last, 1 to 8."
    )
    samples: Literal["generated", "natural"] = Setting(
        "generated",
        description="Where rare combinations come from; natural: none are made, the population's "
        "own ones are weighted up.",
    )
    layers: Literal["semantic", "all"] = Setting(
        "semantic", description="Layers of W+ in which samples are edited: found by trial, or all."
    )
    reproject: bool = Setting(
        True, description="Whether edited samples are brought back into the learner's space."
    )
    steps: int = Setting(
        30,
        ge=1,
        le=1000,
        description="Steps of the inversion of an edited picture where the learner's space is not "
        "the one it was edited in, 1 to 1000.",
    )
    restorations: int = Setting(
        3,
        ge=0,
        le=20,
        description="Gauss-Newton steps that give a sample the scores it is for, 0 to 20; 0: what "
        "the edit and its inversion leave.",
    )
    start: Literal["source", "edit"] = Setting(
        "source",
        description="What these steps begin with: the source itself, so that the sample differs "
        "from it in nothing that no score asks for, or its edit (always where there are none).",
    )
    slopes: Slopes = Setting(
        Slopes.POOLED,
        description="Slopes of these steps. pooled: their mean over the samples, kept from where "
        "they differ much between samples; common: their mean alone; own: each sample's, as a "
        "field always has.",
    )
    pull: float = Setting(
        0.003,
        ge=0.0001,
        le=10.0,
        description="Weight of the distance from the start in both, in SD squared of the space.",
    )
    split: Split = Setting(
        Split.MEDIAN, description="Where a score parts the samples in two: its median, or zero."
    )
    lift: float = Setting(
        0.5,
        ge=0.05,
        le=0.95,
        description="A combination is rare below this multiple of what independence would give.",
    )
    margin: float = Setting(
        0.5,
        ge=0.0,
        le=3.0,
        description="SD of a score beyond its threshold from which it counts as flipped, 0 to 3.",
    )
    tolerance: float = Setting(
        0.5,
        ge=0.01,
        le=5.0,
        description="Change up to which an entangled score, and all on average, are kept, in SD.",
    )


class Sc2Gan(DiscoveryMethod):
    """Directions corrected with made samples of the combinations that are rare in training data."""

    name = "sc2gan"
    version = "2"
    needs = frozenset({Need.POPULATION, Need.NETWORKS, Need.GRADIENTS})
    Params = Sc2GanParams
    params: Sc2GanParams

    def fit(self, problem: Problem) -> FindingSet:
        """One finding a scorer, positive towards more of it; hints tell the side effects.

        Directions, or Fields where the learner is one. A scorer that is constant over the
        population is left out. Raises NeedsUnmet where none is left or the population is too small,
        InvalidField for unknown scorers and a field in W+, SpaceUnavailable.
        """
        self.check_needs(problem)
        columns = choose_columns(problem.predictors, self.params.scorers, "parameters.scorers")
        fit = _Fit(self.params, problem)
        varying = [column for column in columns if fit.deviations[column] > 0]
        if not varying:
            raise NeedsUnmet("every chosen scorer is constant over the population")
        labels = column_labels(problem.predictors)
        found = [fit.correct(c, labels[c], i, len(varying)) for i, c in enumerate(varying)]
        findings, hints = zip(
            *((mover.finding(problem.generator), hint) for mover, hint in found), strict=True
        )
        return FindingSet(findings, self.provenance(problem), hints)


class _Fit:
    """One fit: every first direction and every round of a correction is a step of the journal."""

    def __init__(self, params: Sc2GanParams, problem: Problem):
        assert problem.population is not None  # check_needs has seen to it
        self.params, self.problem = params, problem
        generator, population = problem.generator, problem.population
        self.space = _space(params, problem)
        layered = self.space in (Space.W, Space.W_PLUS) and Space.W_PLUS in generator.spaces
        self.codes = PopulationCodes(problem, population, self.space)
        self.edited = PopulationCodes(problem, population, Space.W_PLUS if layered else self.space)
        self.reader = Reader(generator, problem.networks, self.space)
        self.editor = Reader(generator, problem.networks, self.edited.space)
        self.scores = population_scores(problem)
        self.deviations = np.nan_to_num(np.nanstd(self.scores, 0).astype(np.float64))
        self.cuts = thresholds(self.scores, params.split)
        self.pairs = study(self.scores, self.cuts)
        self.known = np.flatnonzero(np.isfinite(self.scores).all(1))
        self.first = self.known[:JUDGED]
        self.reference = self.codes(np.arange(min(SHARD, population.count)))
        self.spread = float(np.sqrt(self.reference.var(0).mean()))
        linear = problem.learners or learners()
        self.learn = MoverLearner(params.learner, linear, self.space, self.reference, problem.seed)
        self.journal = Journal(problem.checkpoint)

    def correct(self, column: int, label: str, place: int, total: int) -> tuple[Mover, str]:
        """The mover with the least side effects of all rounds, the first one included; its hint."""
        rounds = self.params.rounds if self.params.samples == "generated" else 1
        self.done, self.total = place * (1 + rounds), total * (1 + rounds)
        movers = [self._step(partial(self._begin, column), f"{label}: first direction")]
        for number in range(rounds):
            compute = partial(self._round, column, movers[-1][1], number)
            movers.append(self._step(compute, f"{label}: round {number + 1}"))
        before, (least, mover, accepted) = movers[0][0], min(movers, key=lambda m: m[0])
        return mover, (
            f"{label}: side effects {_told(before)} -> {_told(least)} SD, "
            f"{accepted} low-density samples"
        )

    def _step(self, compute: Callable[[], np.ndarray], note: str) -> tuple[float, Mover, int]:
        """(side effects, mover, accepted samples) of one step of the journal."""
        self.note = note
        row = self.journal.step(compute)
        self.done += 1
        self.problem.progress(self.done, self.total, note)
        mover = recalled(self.space, row[2:], self.codes.shape, self.params.learner == "field")
        return float(row[0]), mover, int(row[1])

    def _tell(self) -> None:
        self.problem.progress(self.done, self.total, self.note)

    # ---- the first direction and its corrections, as rows of the journal

    def _begin(self, column: int) -> np.ndarray:
        rows, labels = self._extremes(column)
        return self._row(column, self.learn(self.codes(rows), labels), 0)

    def _round(self, column: int, mover: Mover, number: int) -> np.ndarray:
        params = self.params
        if params.samples == "natural":
            rows, labels = self._extremes(column)
            beside = self._labels(self.scores[rows], partners(self.pairs, column, params.lift))
            cell = cells(labels, beside)
            picks = balanced(cell, self.problem.seed)
            mover = self.learn(self.codes(rows)[picks], labels[picks], cell[picks])
            return self._row(column, mover, 0)
        found = self._low_density(column, mover, number)
        accepted = found.accepted
        if accepted.sum() < LEAST_ACCEPTED or len(set(found.goal.sides[accepted])) < 2:
            return self._row(column, mover, int(accepted.sum()))
        return self._row(column, self._relearn(column, found), int(accepted.sum()))

    def _row(self, column: int, mover: Mover, accepted: int) -> np.ndarray:
        codes = self.codes(self.first)
        effects = side_effects(
            self.reader, partial(mover.move, codes), self.scores[self.known], len(codes), column
        )
        return np.concatenate([[effects, accepted], mover.row()])

    # ---- low-density samples

    def _low_density(self, column: int, mover: Mover, number: int) -> LowDensitySet:
        params = self.params
        count = max(2 * LEAST_ACCEPTED, round(params.share * len(self._extremes(column)[0])))
        seed = self.problem.seed + number
        goal = goals(
            self.scores, self.cuts, self.pairs, column, count, params.lift, params.margin, seed
        )
        self._tell()
        sources = self.codes(goal.rows)
        edited, alphas = self._wide(sources), np.zeros(len(sources))
        if not self._from_source:
            layers = self._layers(column, mover)

            def edit(rows: np.ndarray, strengths: np.ndarray) -> np.ndarray:
                return self._edit(sources[rows], mover.move(sources[rows], strengths), layers)

            edited, alphas = search(self.editor, edit, goal)
        codes = self._reproject(edited, goal)
        scores, seen = self.reader.scores(codes), self.editor.scores(edited)
        checked = scores if params.reproject else seen
        accepted = goal.flipped(checked) & goal.kept(checked, self.deviations, params.tolerance)
        return LowDensitySet(goal, codes, alphas, seen, scores, accepted)

    @property
    def _from_source(self) -> bool:
        params = self.params
        return params.start == "source" and params.reproject and params.restorations > 0

    def _layers(self, column: int, mover: Mover) -> tuple[int, ...]:
        """The layers of W+ in which samples are edited; empty where there is no W+."""
        if not self.edited.layered:
            return ()
        if self.params.layers == "all":
            return tuple(range(self.edited.shape[0]))
        codes = self.codes(self.first)
        moved = mover.move(codes, np.ones(len(codes)))
        effects = layer_effects(self.editor, self._wide(codes), self._wide(moved), self.deviations)
        return semantic_layers(effects, column)

    def _edit(self, sources: np.ndarray, moved: np.ndarray, layers: tuple[int, ...]) -> np.ndarray:
        if not layers:
            return moved
        edited, chosen = self._wide(sources).copy(), list(layers)
        edited[:, chosen] = self._wide(moved)[:, chosen]
        return edited

    def _wide(self, codes: np.ndarray) -> np.ndarray:
        """Codes of the learner's space in the space of the edits."""
        return codes if codes.ndim == 3 else self.edited.spread_out(codes)

    def _reproject(self, edited: np.ndarray, goal: Goal) -> np.ndarray:
        """Codes of the learner's space: their mean over layers, inverted, with restored scores."""
        params, away = self.params, self.space is not self.edited.space
        codes = edited.mean(1) if away else edited
        if not params.reproject:
            return codes

        def pictures(rows: slice) -> Tensor:
            with torch.no_grad():
                return self.editor.images(self.editor.tensor(edited[rows]))

        settings = (self.spread, params.steps, params.pull, self._tell)
        if away and not self._from_source:
            codes = invert(self.reader, codes, pictures, *settings)
        if params.restorations:
            settings = (self.spread, params.restorations, params.pull, self._tell)
            slopes = Slopes.OWN if params.learner == "field" else params.slopes
            codes = restore(self.reader, codes, goal.wanted, self.deviations, *settings, slopes)
        return codes

    # ---- learning

    def _extremes(self, column: int) -> tuple[np.ndarray, np.ndarray]:
        """Positions and labels of both ends of a score."""
        low, high = ends(self.scores[:, column], self.params.fraction)
        if len(low) < 2:
            raise NeedsUnmet(
                f"{len(self.scores)} samples with fraction {self.params.fraction} leave fewer than "
                "2 at each end: take more of either"
            )
        return np.concatenate([low, high]), np.repeat([0, 1], len(low))

    def _labels(self, scores: np.ndarray, columns: Sequence[int]) -> np.ndarray:
        chosen = list(columns)
        return (scores[:, chosen] > self.cuts[chosen]).astype(np.int64)

    def _relearn(self, column: int, found: LowDensitySet) -> Mover:
        """The learner's mover corrected with the accepted samples."""
        goal, kept = found.goal, found.accepted
        sources, codes = self.codes(goal.rows[kept]), found.codes[kept]
        sides = goal.sides[kept]
        field, paired = self.params.learner == "field", self.params.correction == "pairs"
        if paired and not field:
            return self.learn.paired(sources, codes, sides)
        rows, labels = self._extremes(column)
        union = np.concatenate([self.codes(rows), codes])
        scores = np.concatenate([self.scores[rows], found.scores[kept]])
        labels = np.concatenate([labels, (sides > 0).astype(np.int64)])
        cell = cells(labels, self._labels(scores, goal.partners))
        picks = balanced(cell, self.problem.seed)
        turned = (sources, (codes - sources) * sides.reshape(-1, *[1] * (codes.ndim - 1)))
        return self.learn(union[picks], labels[picks], cell[picks], turned if paired else None)


def _space(params: Sc2GanParams, problem: Problem) -> Space:
    generator, field = problem.generator, params.learner == "field"
    if params.space == "auto":
        wide = Space.W_PLUS in generator.spaces and not field
        space = Space.W_PLUS if wide else generator.truncation_space
    else:
        space = Space(params.space)
    generator.dimension(space)  # raises SpaceUnavailable
    if field and space is Space.W_PLUS:
        raise InvalidField(
            "a gradient field is learnt in z or w: in w+ take another learner",
            field="parameters.space",
        )
    return space


def _told(effects: float) -> str:
    return f"{effects:.2f}" if np.isfinite(effects) else "(1 SD not reached)"
