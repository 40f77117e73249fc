"""Checkpoints: what a job has done so far, in the artifact store under the job's id."""

import logging
from collections.abc import Mapping

import numpy as np

from directrix.archive import pack_arrays, unpack_arrays
from directrix.errors import ChecksumMismatch, ObjectNotFound
from services.artifacts.catalogue import Catalogue
from services.jobs import Job
from services.worker.attempt import Attempt
from services.worker.pace import Pace

_log = logging.getLogger(__name__)

FITTED = "fitted"
"""The digest of the finding set, once the method is through."""
FIT = "fit"
"""The method's own state."""


class Checkpoints:
    """By a word; of this job and this specification only. Every saved one is a unit of work."""

    def __init__(self, catalogue: Catalogue, job: Job, pace: Pace):
        self._catalogue = catalogue
        self._job = job
        self._spec = job.spec.digest
        self._pace = pace

    def names(self) -> set[str]:
        return self._catalogue.checkpoints(self._job.id, self._spec)

    def load(self, name: str) -> bytes | None:
        """None where there is none, or a damaged one: it is computed again then."""
        try:
            return self._catalogue.checkpoint(self._job.id, self._spec, name)
        except ObjectNotFound:
            return None
        except ChecksumMismatch:
            _log.warning("%s: checkpoint %s is damaged: once more", self._job.name, name)
            return None

    def save(self, name: str, data: bytes) -> None:
        self._catalogue.put_checkpoint(self._job.id, self._spec, name, data)
        self._pace.achieved()


class FitCheckpoint:
    """What a method gets (`directrix.discovery.Checkpoint`)."""

    def __init__(self, checkpoints: Checkpoints, attempt: Attempt):
        self._checkpoints = checkpoints
        self._attempt = attempt

    def load(self) -> Mapping[str, np.ndarray] | None:
        data = self._checkpoints.load(FIT)
        return None if data is None else unpack_arrays(data)

    def save(self, state: Mapping[str, np.ndarray]) -> None:
        """Raises what `Attempt.check` raises, once the state is stored."""
        self._checkpoints.save(FIT, pack_arrays(state))
        _log.info("%s: fit checkpoint", self._attempt.job.name)
        self._attempt.check()
