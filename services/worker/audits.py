"""Audits: the stages of a job: inversion of its pictures, audit, report, commit.

Each unit of work is stored as soon as it is done, so whoever goes on computes at most one again:
"inverted-..." of the pictures, "unit-..." of the audit, "shot-..." of the pictures in the report.
Models run on this worker's device.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np
import torch

from directrix import generators, inversion, predictors
from directrix.archive import pack_arrays, unpack_arrays, unpack_model
from directrix.audits import AuditPlan, AuditQuestion, Scores
from directrix.errors import Internal
from directrix.foreign import Exchange
from directrix.generators import Generator
from directrix.inversion import Encoder, Search
from directrix.predictors import Embedder, Predictor
from directrix.rendering import Renderer
from directrix.types import FindingSet, Latent
from services.artifacts.catalogue import Catalogue
from services.jobs import AuditResult, AuditSpec, PicturesSpec, ScoreRef, Stage
from services.worker.attempt import Attempt
from services.worker.audit_report import AuditReport
from services.worker.checkpoints import Checkpoints
from services.worker.pace import Pace, StepDone
from services.worker.scorecards import generator_of, predictor_of

_log = logging.getLogger(__name__)

Arrays = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Auditor:
    """Goes on with audits, a bounded while at a time."""

    catalogue: Callable[[str], Catalogue]
    """By project."""
    device: torch.device
    step_seconds: float = 30.0
    exchange: Exchange | None = None
    """How predictors of other services are reached."""

    def __call__(self, attempt: Attempt) -> AuditResult | None:
        """The result, or None where there is more to do. Raises typed errors, Cancelled."""
        pace = Pace(attempt, self.step_seconds)
        walk = _Walk(attempt, self.catalogue(attempt.job.project), self.device, pace, self.exchange)
        try:
            return walk.commit()
        except StepDone:
            return None


class _Walk:
    """One step's walk through the stages; those that are stored already pass at once."""

    def __init__(
        self,
        attempt: Attempt,
        catalogue: Catalogue,
        device: torch.device,
        pace: Pace,
        exchange: Exchange | None,
    ):
        if not isinstance(attempt.job.spec, AuditSpec):
            raise Internal("a job that is no audit")
        self._spec = attempt.job.spec
        self._attempt, self._catalogue = attempt, catalogue
        self._device, self._pace, self._exchange = device, pace, exchange
        self._checkpoints = Checkpoints(catalogue, attempt.job, pace)
        self._known = self._checkpoints.names()

    def commit(self) -> AuditResult:
        """All units, then pictures for the report; the manifest is the last to be written."""
        audit = self._plan.measure(self._parts)
        report = AuditReport(self._spec, audit, self._catalogue)
        shots = self._shots(report)
        self._attempt.report(Stage.COMMIT, 0, 1)
        record, rendered = report.write(shots)
        self._attempt.confirm()
        name = self._catalogue.audits.put(record, rendered)
        self._attempt.report(Stage.COMMIT, 1, 1)
        _log.info("%s: committed %s", self._attempt.job.name, record.digest)
        judged = any(row.accused is not None for row in audit.reliance)
        return AuditResult(
            audit=name,
            digest=record.digest,
            count=len(audit.reliance),
            accused=len(audit.accused) if judged else None,
        )

    # ---- the stages

    @cached_property
    def _plan(self) -> AuditPlan:
        return AuditPlan(self._question, self._generator, self._predictors)

    @cached_property
    def _parts(self) -> list[Arrays]:
        """What the units of the audit gave, in their order."""
        plan, parts = self._plan, list[Arrays]()
        for unit in range(plan.units):
            compute = partial(plan.compute, unit, parts, self._attempt.check)
            parts.append(self._unit(f"unit-{unit:06d}", Stage.AUDIT, unit, plan.units, compute))
        return parts

    def _shots(self, report: AuditReport) -> list[Arrays]:
        """Pictures for the report, of one finding after the other."""
        shots, total = [], len(report.shown)
        for place in range(total):
            look = partial(report.shoot, self._plan, self._parts, place, self._attempt.check)
            shots.append(self._unit(f"shot-{place:06d}", Stage.REPORT, place, total, look))
        return shots

    # ---- what the job is about

    @cached_property
    def _question(self) -> AuditQuestion:
        spec = self._spec
        latents = images = None
        if spec.pictures is not None:
            images = self._catalogue.audits.pictures(spec.pictures.images)
            latents = self._inverted(spec.pictures, images)
        return AuditQuestion(
            finding_sets=tuple(self._sets.values()),
            classifier=self._place(spec.classifier.digest),
            reference=None if spec.reference is None else self._place(spec.reference.digest),
            rival=None if spec.rival is None else self._place(spec.rival.digest),
            allowed_scores=self._scores(spec.allowed_scores),
            allowed=tuple((ref.finding_set, ref.index) for ref in spec.allowed_findings),
            groups=self._scores(spec.groups),
            seed=spec.seed,
            samples=spec.samples or len(images if images is not None else ()),
            latents=latents,
            images=images,
            steps=spec.steps,
            random_findings=spec.random_findings,
            explained=spec.explained,
            noise_sd=spec.noise_sd,
            pairs=spec.pairs,
            target_probability=spec.target_probability,
            budget=spec.budget,
        )

    def _place(self, digest: str) -> int:
        return [ref.digest for ref in self._spec.predictors].index(digest)

    def _scores(self, refs: tuple[ScoreRef, ...]) -> tuple[Scores, ...]:
        return tuple(
            Scores(self._place(ref.predictor.digest), (ref.scorer,) if ref.scorer else ())
            for ref in refs
        )

    @cached_property
    def _sets(self) -> dict[str, FindingSet]:
        """By digest, in the order of the specification."""
        return {
            ref.digest: self._catalogue.finding_set(ref.digest) for ref in self._spec.finding_sets
        }

    @cached_property
    def _generator(self) -> Generator:
        card, arrays = unpack_model(*self._catalogue.model_files(self._spec.generator.digest))
        return generators.build(generator_of(card), arrays, self._device)

    @cached_property
    def _predictors(self) -> tuple[Predictor, ...]:
        return tuple(self._predictor(ref.digest) for ref in self._spec.predictors)

    def _predictor(self, digest: str) -> Predictor:
        card, arrays = unpack_model(*self._catalogue.model_files(digest))
        return predictors.build(predictor_of(card), arrays, self._device, self._exchange)

    # ---- units of work

    def _unit(
        self, name: str, stage: Stage, done: int, total: int, compute: Callable[[], Arrays]
    ) -> Arrays:
        """What a unit gave, computed or as an earlier step left it."""
        data = self._checkpoints.load(name) if name in self._known else None
        if data is not None:
            return unpack_arrays(data)
        self._attempt.report(stage, done, total)
        _log.info("%s: computing %s", self._attempt.job.name, name)
        found = compute()
        self._checkpoints.save(name, pack_arrays(found))
        self._attempt.report(stage, done + 1, total)
        self._pace.pause()
        return found

    def _inverted(self, spec: PicturesSpec, images: np.ndarray) -> Latent:
        """One latent a picture."""
        renderer = Renderer(self._generator, (), lambda digest: self._sets[digest])
        search = Search(spec.space, spec.steps)
        rows = []
        for row, image in enumerate(images):
            invert = partial(self._invert, renderer, image, search)
            name = f"inverted-{row:06d}"
            rows.append(self._unit(name, Stage.INVERSION, row, len(images), invert)["latent"])
        return Latent(spec.space, self._spec.generator.digest, np.concatenate(rows))

    def _invert(self, renderer: Renderer, image: np.ndarray, search: Search) -> Arrays:
        found = renderer.invert(image, search, self._attempt.check, self._encoder, self._embedder)
        return {"latent": found.latent.values}

    @cached_property
    def _encoder(self) -> Encoder | None:
        given = self._spec.pictures and self._spec.pictures.encoder
        if not given:
            return None
        files = self._catalogue.model_files(given.digest)
        return inversion.build(*unpack_model(*files), self._device)

    @cached_property
    def _embedder(self) -> Embedder | None:
        given = self._spec.pictures and self._spec.pictures.embedder
        return predictors.embedder(self._predictor(given.digest)) if given else None
