"""Training of encoders: in units of some steps, stored as they are done, then registered.

Whoever goes on computes at most one unit again, and the encoder is the same.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass

import torch

from directrix import generators, predictors
from directrix.archive import pack_arrays, unpack_arrays, unpack_model
from directrix.errors import Internal
from directrix.inversion import EncoderPlan, EncoderTraining
from directrix.predictors import Embedder
from services.artifacts.catalogue import Catalogue
from services.jobs import EncoderResult, EncoderSpec, Stage
from services.worker.attempt import Attempt
from services.worker.checkpoints import FIT, Checkpoints
from services.worker.pace import Pace, StepDone

_log = logging.getLogger(__name__)

UNIT = 100
"""Training steps between two checkpoints: seconds on one core for images of 32 pixels."""


@dataclass(frozen=True)
class Trainer:
    """Goes on with trainings, a bounded while at a time."""

    catalogue: Callable[[str], Catalogue]
    """By project."""
    device: torch.device
    step_seconds: float = 30.0

    def __call__(self, attempt: Attempt) -> EncoderResult | None:
        """The result, or None where there is more to do. Raises typed errors, Cancelled."""
        spec = attempt.job.spec
        if not isinstance(spec, EncoderSpec):
            raise Internal("a job that is no training")
        catalogue = self.catalogue(attempt.job.project)
        pace = Pace(attempt, self.step_seconds)
        checkpoints = Checkpoints(catalogue, attempt.job, pace)
        attempt.report(Stage.FIT, 0, spec.steps)
        training = self._training(catalogue, spec)
        if (known := checkpoints.load(FIT)) is not None:
            training.restore(unpack_arrays(known))
        try:
            while not training.done:
                _unit(training, attempt)
                checkpoints.save(FIT, pack_arrays(training.state()))
                pace.pause()
        except StepDone:
            return None
        return _commit(training, catalogue, spec, attempt)

    def _training(self, catalogue: Catalogue, spec: EncoderSpec) -> EncoderTraining:
        generator = generators.build(
            *unpack_model(*catalogue.model_files(spec.generator.digest)), self.device
        )
        plan = EncoderPlan(space=spec.space, steps=spec.steps, seed=spec.seed)
        return EncoderTraining(plan, generator, self._embedder(catalogue, spec))

    def _embedder(self, catalogue: Catalogue, spec: EncoderSpec) -> Embedder | None:
        if spec.embedder is None:
            return None
        files = catalogue.model_files(spec.embedder.digest)
        return predictors.embedder(predictors.build(*unpack_model(*files), self.device))


def _unit(training: EncoderTraining, attempt: Attempt) -> None:
    steps = training.plan.steps
    end = min(training.step + UNIT, steps)
    _log.info("%s: computing steps %d to %d", attempt.job.name, training.step, end)
    while training.step < end:
        training.advance()
        attempt.report(Stage.FIT, training.step, steps, f"loss {training.loss:.4f}")


def _commit(
    training: EncoderTraining, catalogue: Catalogue, spec: EncoderSpec, attempt: Attempt
) -> EncoderResult:
    """Raises ModelExists where the id was given to another model meanwhile."""
    attempt.report(Stage.COMMIT, 0, 1)
    card, arrays = training.finish(spec.model)
    attempt.confirm()
    entry = catalogue.put_model(spec.model, card.model_dump_json(), pack_arrays(arrays))
    attempt.report(Stage.COMMIT, 1, 1)
    _log.info("%s: committed %s", attempt.job.name, entry.digest)
    return EncoderResult(model=entry.name, digest=entry.digest)
