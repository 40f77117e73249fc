"""DP-LaSE: directions that change the generator's features much, and each in its own way.

Source: Li, Liu, Wei, Zhang, Wu, Xu and Wong, "Discovering Density-Preserving Latent Space Walks in
GANs for Semantic Image Transformations" (ACM MM 2021), eq. 1 to 11, and its released code for what
the equations leave open. `directrix.densities` has the walks, `directrix.traversal` the search and
the channel subspaces.

The walk that is trained with is told by `walk`; an edit chooses its own, so move along these
findings with the same one. Channel subspaces are findings too: units that any move can be kept in.
"""

import warnings
from collections.abc import Iterator
from functools import partial
from typing import Annotated, Literal

import numpy as np
import torch
from pydantic import Field
from torch import Tensor

from directrix.densities import Step, scale_invariant
from directrix.discovery import DiscoveryMethod, Journal, MethodParams, Need, Problem
from directrix.errors import InvalidField, NeedsUnmet
from directrix.metrics.columns import choose_columns, column_labels
from directrix.population import deviation
from directrix.traversal import (
    ChannelSearch,
    Expression,
    FeatureReader,
    Form,
    Search,
    SearchSettings,
    StepName,
    Weights,
    choose_step,
    judge_side_by_side,
    principal_directions,
)
from directrix.types import Direction, Finding, FindingSet, Space, Units

ROUND = 25
"""Iterations between checkpoints."""
SPREAD, MEASURED, SAMPLED = 128, 32, 4096
"""Latents that tell the channels' spread, the directions' measures, and the prior."""
PRINCIPAL = 8
"""Latents that tell the directions which the search begins with."""
ELSEWHERE = 2**32
"""Where in the population those begin that are not for training."""

ON_SPHERE = ("norm_preserving", "great_circle")
LEARNED = ("level_set", "corrected")

Told = tuple[str, np.ndarray, np.ndarray, str]
"""Of a channel subspace: the layer, all channels' means, its own channels, what is said of it."""

Name = Annotated[str, Field(min_length=1, max_length=200)]


class LatentNormalised(UserWarning):
    """A generator that does not care how long z is: walks that keep the norm change nothing."""


class DpLaseParams(MethodParams):
    space: Literal["auto", "z", "w"] = Field(
        "auto", description="Latent space; auto: Z, or W where the generator normalises z."
    )
    components: int = Field(
        20, ge=1, le=64, description="How many directions, 1 to 64; at most the dimension."
    )
    features: tuple[Name, ...] = Field(
        (),
        max_length=16,
        description="Names of the generator's layers whose features count; empty: the middle one.",
    )
    form: Form = Field(
        "exponential",
        description="How directions are kept apart: free rows and a penalty, Gram-Schmidt after "
        "each step, or the exponential of a skew matrix.",
    )
    start: Literal["principal", "random"] = Field(
        "principal",
        description="What training begins with: the directions that change features most on "
        "average over a few latents, or random ones as published.",
    )
    walk: Literal["auto", StepName] = Field(
        "auto",
        description="How latents move: auto is norm_preserving in Z and linear in W; level_set "
        "and corrected learn the density of the space first.",
    )
    stride: float = Field(
        10.0, ge=0.1, le=100.0, description="Longest move in training, in SD of the population."
    )
    variation: float = Field(
        1.0, ge=0.0, le=1000.0, description="Weight of the features' change, 0 to 1000."
    )
    decorrelation: float = Field(
        100.0, ge=0.0, le=1000.0, description="Weight of the squared cosines of changes, 0 to 1000."
    )
    orthogonality: float = Field(
        1.0, ge=0.0, le=1000.0, description="Weight of |G G^T - I|^2 in the free form, 0 to 1000."
    )
    cosine: Literal["features", "channels"] = Field(
        "features", description="Whether cosines are of whole layers or the mean over channels."
    )
    normalise: bool = Field(
        True, description="Whether every channel counts alike (unit SD), yes or no."
    )
    steps: int = Field(300, ge=1, le=500_000, description="Training steps, 1 to 500000.")
    batch: int = Field(32, ge=1, le=1024, description="Latents a training step, 1 to 1024.")
    rate: float = Field(
        0.02,
        ge=1e-6,
        le=1.0,
        description="Learning rate of Adam at first, 1e-6 to 1; it falls to 0.",
    )
    subspaces: int = Field(
        0,
        ge=0,
        le=64,
        description="Channel subspaces for each of the layers, and of each direction where they "
        "are its own, 0 to 64; 0 looks for none.",
    )
    grouping: Literal["changes", "activations"] = Field(
        "changes",
        description="What channels of a subspace do together: change along one direction, each "
        "direction with subspaces of its own, or vary over the population.",
    )
    expression: Expression = Field(
        "ridge",
        description="How channels express one another: in closed form, or trained with pictures.",
    )
    scorers: tuple[Name, ...] = Field(
        (),
        max_length=64,
        description="Scorers that channels are looked for: instead of all subspaces one of each, "
        "refined until it moves this scorer and little else. Needs predictors with gradients.",
    )


class DpLaSE(DiscoveryMethod):
    """Orthogonal directions that change features most and least alike, at unchanged density."""

    name = "dplase"
    version = "2"
    needs = frozenset({Need.GRADIENTS})
    takes = frozenset({Need.NETWORKS})
    Params = DpLaseParams
    params: DpLaseParams

    def fit(self, problem: Problem) -> FindingSet:
        """Directions by falling change of features, then the channel subspaces, if asked for.

        A hint tells the change (in the channels' SD, squared, at half the stride) and the mean
        squared cosine with the other directions' changes. Raises InvalidField, LayerInvalid,
        NeedsUnmet, SpaceUnavailable. Warns where the generator normalises z.
        """
        self.check_needs(problem)
        work = _Work(self.params, problem)
        directions, hints = work.directions()
        units, more = work.subspaces(directions)
        problem.progress(work.total, work.total)
        whence = self.provenance(problem, judged=bool(self.params.scorers))
        return FindingSet((*work.findings(directions), *units), whence, (*hints, *more))


class _Work:
    """One fit: everything costly is a step of the journal."""

    def __init__(self, params: DpLaseParams, problem: Problem):
        self.params, self.problem = params, problem
        self.generator = problem.generator
        self.journal = Journal(problem.checkpoint)
        self.columns = self._columns()
        self.space = self._space()
        self.walk = self._walk()
        self.layers = self._layers()
        self.rounds = -(-params.steps // ROUND)
        self.total = self.rounds + 2 + len(self.layers) * (params.subspaces > 0)
        self.note = self._warning()
        self.unit, self.step = self._step()
        self.search = self._search()
        self.channels = self._channels()

    def directions(self) -> tuple[Tensor, tuple[str, ...]]:
        """Unit rows [k, d], the strongest first, and their hints."""
        search = self.search
        state = search.begin(self.generator.dimension(self.space))
        for place in range(self.rounds):
            first = place * ROUND
            last = min(first + ROUND, self.params.steps)
            state = self.journal.step(partial(search.advance, state, first, last))
            self.problem.progress(place + 1, self.total, "directions trained")
        found = search.directions(state)
        stride = self.params.stride / 2
        measured = self.journal.step(partial(search.measure, found, ELSEWHERE, MEASURED, stride))
        self.problem.progress(self.rounds + 1, self.total, "directions measured")
        order = np.argsort(-measured[:, 0], kind="stable")
        cosines = [np.delete(row[1:], place) for place, row in enumerate(measured)]
        hints = tuple(
            f"direction {rank}: change {measured[place, 0]:.2f}, squared cosine "
            f"{cosines[place].sum() / max(1, len(cosines[place])):.3f}{self.note}"
            for rank, place in enumerate(order)
        )
        return _signed(found[torch.from_numpy(order).to(found.device)]), hints

    def findings(self, directions: Tensor) -> tuple[Finding, ...]:
        """The directions as findings."""
        vectors = directions.cpu().double().numpy()
        scales = deviation(self.generator, self.space, vectors)
        return tuple(
            Direction(self.space, vector, float(scale))
            for vector, scale in zip(vectors, scales, strict=True)
        )

    def subspaces(self, directions: Tensor) -> tuple[tuple[Finding, ...], tuple[str, ...]]:
        """Units of the channel subspaces that are asked for, their targets the channels' means."""
        found: list[Finding] = []
        hints: list[str] = []
        told = self._of_scorers if self.params.scorers else self._of_layers
        for layer, means, channels, words in told(directions) if self.params.subspaces else ():
            found.append(Units(layer, channels, means[channels]))
            hints.append(f"channel subspace of {layer}: {len(channels)} channels, {words}")
        return tuple(found), tuple(hints)

    def _of_layers(self, directions: Tensor) -> Iterator[Told]:
        """Every group of channels of every layer."""
        for place, layer in enumerate(self.layers):
            reader = FeatureReader(self.generator, self.space, [layer])
            moments = self.channels.moments(reader)
            if self.params.grouping == "activations":
                groups = self.channels.of_population(reader, moments, directions)
            else:
                groups = self.channels.of_directions(reader, directions)
            for mask, words in groups:
                yield layer, moments.means, np.flatnonzero(mask), words
            self._finished(place)

    def _of_scorers(self, directions: Tensor) -> Iterator[Told]:
        """One group of channels a scorer, of the layer and direction where it costs least."""
        labels = column_labels(self.problem.predictors)
        judge = partial(judge_side_by_side, self.problem.networks)
        reader = FeatureReader(self.generator, self.space, [self.layers[0]])
        spread = self.channels.deviation(reader, judge)
        means, tried = {}, []
        for place, layer in enumerate(self.layers):
            reader = FeatureReader(self.generator, self.space, [layer])
            means[layer] = self.channels.moments(reader).means
            tried.append(self.channels.of_scorers(reader, directions, judge, spread, self.columns))
            self._finished(place)
        for column, options in zip(self.columns, zip(*tried, strict=True), strict=True):
            known = [option for option in options if option is not None]
            if known:
                best = min(known, key=lambda option: option.cost)
                words = f"{labels[column]} {best.words}"
                yield best.layer, means[best.layer], best.channels, words

    def _finished(self, place: int) -> None:
        note = f"channels of {self.layers[place]}"
        self.problem.progress(self.rounds + 2 + place, self.total, note)

    def _channels(self) -> ChannelSearch:
        return ChannelSearch(
            generator=self.generator,
            draw=self._draw,
            first=ELSEWHERE,
            step=self.step,
            reach=self.params.stride * self.unit,
            groups=self.params.subspaces,
            expression=self.params.expression,
            seed=self.problem.seed,
            recall=self.journal.step,
        )

    def _columns(self) -> tuple[int, ...]:
        """Of the scorers that channels are looked for; raises InvalidField, NeedsUnmet."""
        problem, wanted = self.problem, self.params.scorers
        if not wanted:
            return ()
        if not self.params.subspaces or self.params.grouping != "changes":
            raise InvalidField(
                "channels of a scorer are refined from subspaces of changes: set subspaces above 0 "
                "and grouping to changes",
                field="parameters.scorers",
            )
        if not problem.predictors or len(problem.networks) != len(problem.predictors):
            raise NeedsUnmet("dplase needs its predictors on its own device to know scorers")
        for card in problem.predictors:
            if not card.differentiable:
                raise NeedsUnmet(f"predictor {card.name} gives no gradients to tell channels by")
        return choose_columns(problem.predictors, wanted, "parameters.scorers")

    def _space(self) -> Space:
        if self.params.space != "auto":
            self.generator.dimension(Space(self.params.space))
            return Space(self.params.space)
        has_w = Space.W in self.generator.spaces
        return Space.W if has_w and scale_invariant(self.generator) else Space.Z

    def _walk(self) -> StepName:
        if self.params.walk == "auto":
            return "norm_preserving" if self.space is Space.Z else "linear"
        if self.space is not Space.Z and self.params.walk in ON_SPHERE:
            raise InvalidField(
                f"{self.params.walk} keeps the density of a normal prior only: in {self.space} "
                "walk linear, or let level_set learn the density",
                field="parameters.walk",
            )
        return self.params.walk

    def _layers(self) -> tuple[str, ...]:
        known = [card.name for card in self.generator.card.layers]
        if not known:
            raise NeedsUnmet(f"generator {self.generator.card.name} has no layers to read")
        asked = self.params.features or (known[(len(known) - 1) // 2],)
        return FeatureReader(self.generator, self.space, asked).layers

    def _warning(self) -> str:
        """What hints say where the walk changes nothing; warns of it too."""
        if self.space is not Space.Z or self.walk == "linear":
            return ""
        if not scale_invariant(self.generator):
            return ""
        warnings.warn(
            f"generator {self.generator.card.name} normalises z: a walk that keeps its norm draws "
            "the same pictures as the linear one; look for directions in w",
            LatentNormalised,
            stacklevel=4,
        )
        return "; z is normalised: the walk changes nothing"

    def _step(self) -> tuple[float, Step]:
        """Latent units a SD of the population, and the step that training takes."""
        samples = self._draw(ELSEWHERE, SAMPLED if self.walk in LEARNED else SPREAD)
        unit = 1.0 if self.space is Space.Z else float(samples.var(0).mean().sqrt())
        reach, seed = self.params.stride, self.problem.seed
        return unit, choose_step(self.walk, samples, reach, seed, self.journal.step)

    def _search(self) -> Search:
        params = self.params
        reader = FeatureReader(self.generator, self.space, self.layers)
        spreads = reader.spread(self._draw(ELSEWHERE, SPREAD))
        if not params.normalise:
            spreads = [torch.ones_like(spread) for spread in spreads]
        settings = SearchSettings(
            count=min(params.components, self.generator.dimension(self.space)),
            steps=params.steps,
            form=params.form,
            weights=Weights(params.variation, params.decorrelation, params.orthogonality),
            stride=params.stride,
            batch=params.batch,
            rate=params.rate,
            per_channel=params.cosine == "channels",
        )
        seed, basis = self.problem.seed, self._basis(reader, spreads)
        return Search(reader, self.step, self._draw, spreads, self.unit, settings, seed, basis)

    def _basis(self, reader: FeatureReader, spreads: list[Tensor]) -> Tensor | None:
        """Orthonormal rows [d, d] that the search begins with; none: at random."""
        if self.params.start == "random":
            return None
        latents, length = self._draw(ELSEWHERE, PRINCIPAL), self.params.stride / 3 * self.unit
        rows = self.journal.step(
            lambda: principal_directions(reader, self.step, latents, spreads, length).cpu().numpy()
        )
        return torch.from_numpy(rows.copy()).to(latents)

    def _draw(self, first: int, count: int) -> Tensor:
        rows = self.problem.sample(self.problem.seed, first, count, self.space)
        return torch.from_numpy(rows).to(self.generator.device)


def _signed(rows: Tensor) -> Tensor:
    """The largest entry of every row positive."""
    largest = rows.abs().argmax(1, keepdim=True)
    return rows * torch.sign(rows.gather(1, largest))
