"""Discovery: the stages of a job: population, fit, scorecard, commit.

Each unit of work is stored as soon as it is done, so whoever goes on computes at most one again.
Units hold no time, host or attempt: who computed them makes no difference to the result.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import torch

from directrix import generators, learners, methods, predictors
from directrix.archive import finding_set_digest, unpack_model
from directrix.discovery import DiscoveryMethod, Need, Problem
from directrix.errors import Internal, NeedsUnmet
from directrix.predictors import Predictor
from directrix.types import (
    FindingSet,
    Latent,
    Population,
    PopulationSpec,
    PredictorCard,
)
from services.artifacts.catalogue import Catalogue
from services.jobs import DiscoverySpec, Job, JobResult, ModelRef, Stage
from services.jobs.leases import Leases, MemoryLeases
from services.sight import tracing
from services.worker.attempt import Attempt
from services.worker.checkpoints import FITTED, Checkpoints, FitCheckpoint
from services.worker.metering import MeteredScoring
from services.worker.pace import Pace, StepDone
from services.worker.populations import Populations
from services.worker.scorecards import Scorecards, generator_of, predictor_of
from services.worker.scoring import Scoring
from services.worker.shards import Shards

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Discoverer:
    """Goes on with jobs, a bounded while at a time."""

    catalogue: Callable[[str], Catalogue]
    """By project."""
    scoring: Callable[[str], Scoring]
    """By project."""
    device: torch.device
    step_seconds: float = 30.0
    leases: Leases = field(default_factory=lambda: MemoryLeases(15.0))
    """Of shards of populations."""
    invite: Callable[[Job], None] = lambda job: None
    """Asks idle workers to help with a job's population: they call `shards`."""

    def __call__(self, attempt: Attempt) -> JobResult | None:
        """The result, or None where there is more to do. Raises typed errors, Cancelled."""
        catalogue = self.catalogue(attempt.job.project)
        pace = Pace(attempt, self.step_seconds)
        try:
            scoring = MeteredScoring(self.scoring(attempt.job.project), attempt.spend)
            walk = _Walk(attempt, catalogue, scoring, self, pace)
            return walk.commit(walk.findings())
        except StepDone:
            return None

    def shards(self, job: Job, spend: Callable[[int], None]) -> Shards | None:
        """Those of the population that a job's method needs, for a helper; None where it needs
        none. spend: told how many images more were scored; may raise to stop."""
        if not isinstance(job.spec, DiscoverySpec) or not job.spec.predictors:
            return None
        if Need.POPULATION not in methods.get(job.spec.method).needs:
            return None
        catalogue = self.catalogue(job.project)
        scoring = MeteredScoring(self.scoring(job.project), spend)
        cards = _cards(catalogue, job.spec.predictors)
        spec, count = _population(job.spec), job.spec.samples
        return Shards(catalogue, scoring, self.leases, job.project, spec, cards, count, "helper")

    def clean(self, project: str, job: str) -> None:
        """Removes what an ended job has left behind."""
        self.catalogue(project).drop_checkpoints(job)


class _Walk:
    """One step's walk through the stages; those that are stored already pass at once."""

    def __init__(
        self,
        attempt: Attempt,
        catalogue: Catalogue,
        scoring: Scoring,
        discoverer: Discoverer,
        pace: Pace,
    ):
        self._attempt, self._catalogue, self._scoring = attempt, catalogue, scoring
        self._discoverer, self._device, self._pace = discoverer, discoverer.device, pace
        if not isinstance(attempt.job.spec, DiscoverySpec):
            raise Internal("a job that is no discovery")
        self._spec = attempt.job.spec
        self._digests = [ref.digest for ref in self._spec.predictors]
        self._checkpoints = Checkpoints(catalogue, attempt.job, pace)

    # ---- what the job is about

    @cached_property
    def _method(self) -> DiscoveryMethod:
        params = methods.parse(self._spec.method, self._spec.parameters)
        return methods.get(self._spec.method)(params)

    @cached_property
    def _predictors(self) -> tuple[PredictorCard, ...]:
        return _cards(self._catalogue, self._spec.predictors)

    def _populations(self, predictors: tuple[PredictorCard, ...]) -> Populations:
        """As these predictors score them."""
        job, discoverer = self._attempt.job, self._discoverer
        shards = Shards(
            self._catalogue,
            self._scoring,
            discoverer.leases,
            job.project,
            _population(self._spec),
            predictors,
            self._spec.samples,
        )
        return Populations(shards, self._attempt, self._pace, lambda: discoverer.invite(job))

    @cached_property
    def _scorecards(self) -> Scorecards:
        return Scorecards(
            self._spec,
            self._catalogue,
            self._scoring,
            self._device,
            self._checkpoints,
            self._attempt,
            self._pace,
            self._populations,
        )

    # ---- the stages

    def findings(self) -> FindingSet:
        """What the method found: computed, or as an earlier step left it."""
        known = self._checkpoints.load(FITTED)
        if known is not None:
            self._attempt.show(self._catalogue.finding_set_name(known.decode()))
            return self._catalogue.finding_set(known.decode())
        population = self._population() if Need.POPULATION in self._method.needs else None
        self._pace.pause()
        findings = self._fit(population)
        name = self._catalogue.put_finding_set(findings, listed=False)
        self._checkpoints.save(FITTED, finding_set_digest(findings).encode())
        self._attempt.show(name)
        self._pace.pause()
        return findings

    def commit(self, findings: FindingSet) -> JobResult:
        """Scorecard and finding set, content first; the job's record is the last to know."""
        digest = finding_set_digest(findings)
        scorecard = self._scorecards.make(findings) if self._scorecards.possible else None
        self._attempt.report(Stage.COMMIT, 0, 1)
        self._attempt.confirm()
        if scorecard is not None:
            self._catalogue.put_scorecard(digest, scorecard)
        name = self._catalogue.put_finding_set(findings)
        self._attempt.report(Stage.COMMIT, 1, 1)
        _log.info("%s: committed %s", self._attempt.job.name, digest)
        return JobResult(
            finding_set=name, digest=digest, count=len(findings), scored=scorecard is not None
        )

    def _population(self) -> Population:
        if not self._digests:
            raise NeedsUnmet(f"{self._spec.method} needs at least one predictor")
        populations = self._populations(self._predictors)
        return populations.get(_population(self._spec), self._spec.samples, Stage.POPULATION)

    def _fit(self, population: Population | None) -> FindingSet:
        """The method itself, on this worker's device; its checkpoints are stored with the job."""
        report = self._attempt.report
        report(Stage.FIT, 0, 0)
        card, arrays = unpack_model(*self._catalogue.model_files(self._spec.generator.digest))
        wanted = self._method.needs | self._method.takes
        problem = Problem(
            generator=generators.build(generator_of(card), arrays, self._device),
            predictors=self._predictors,
            population=population,
            score=self._score if Need.SCORES in self._method.needs else None,
            networks=self._networks() if Need.NETWORKS in wanted else (),
            learners=learners.learners(),
            seed=self._spec.seed,
            device=self._device,
            progress=lambda done, total, note="": report(Stage.FIT, done, total, note),
            checkpoint=FitCheckpoint(self._checkpoints, self._attempt),
        )
        _log.info("%s: fit of %s", self._attempt.job.name, self._spec.method)
        with tracing.span("fit", method=self._spec.method, generator=self._spec.generator.digest):
            return self._method.fit(problem)

    def _networks(self) -> tuple[Predictor, ...]:
        """The predictors on this worker's device."""
        found = [unpack_model(*self._catalogue.model_files(digest)) for digest in self._digests]
        return tuple(
            predictors.build(predictor_of(card), arrays, self._device) for card, arrays in found
        )

    def _score(self, latents: Latent) -> np.ndarray:
        """What methods get as `Problem.score`."""
        return self._scoring.latents(latents, self._digests, lambda done: self._attempt.check())


def _population(spec: DiscoverySpec) -> PopulationSpec:
    return PopulationSpec(spec.generator.digest, spec.seed)


def _cards(catalogue: Catalogue, refs: Sequence[ModelRef]) -> tuple[PredictorCard, ...]:
    return tuple(predictor_of(catalogue.model_card(ref.digest)) for ref in refs)
