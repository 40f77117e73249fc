"""Discovery jobs as they go when nobody disturbs them: what has to come out, and of which units.

Also what every system has in common whose worker is killed.
"""

import shutil
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from directrix.client import Client, OperationHandle
from tests.benchmarks import bundled
from tests.benchmarks.evidence import FOLDER
from tests.benchmarks.system import System, running
from tests.benchmarks.worker_log import Event, events

ENVIRONMENT = {"DIRECTRIX_LEASE_SECONDS": "6", "DIRECTRIX_RECONCILE_SECONDS": "1"}
"""Shorter than usual, so that an abandoned job is found sooner."""
CALL_SECONDS = 60.0
"""Deadline of every call: what is measured here is not how fast an answer comes."""
JOB_SECONDS = 900.0
"""A bound, for a machine that is busy with other things: a job goes on."""


class Job(NamedTuple):
    """What is asked for."""

    method: str
    parameters: dict
    samples: int | None
    seed: int
    generator: str = bundled.GENERATOR
    predictors: tuple[str, ...] = (bundled.CLASSIFIER,)
    judges: tuple[str, ...] = ()
    """Make the scorecard in place of the predictors."""

    @property
    def models(self) -> tuple[str, ...]:
        """The names of all bundled models that it takes."""
        return (self.generator, *self.predictors, *self.judges)


class Outcome(NamedTuple):
    """What one seed must give again: the finding set's digest, all its scores, and an edit."""

    digest: str
    scorecard: object
    image: str

    def differs(self, wanted: "Outcome") -> list[str]:
        """What of it is not as wanted."""
        pairs = zip(self._fields, self, wanted, strict=True)
        return [name for name, one, other in pairs if one != other]


@dataclass(frozen=True)
class Wanted:
    """A job as it goes when nobody disturbs it."""

    outcome: Outcome
    course: list[Event]

    @property
    def seconds(self) -> float:
        """From the first unit of work to the last one."""
        return self.course[-1].seconds - self.course[0].seconds

    @property
    def patience(self) -> float:
        """Seconds within which the job ends, with kills: several times what it took without."""
        return JOB_SECONDS + 10 * self.seconds


def whole_system(name: str, store: str, fresh: bool = True) -> AbstractContextManager[System]:
    """A stack in a folder of that name, emptied first where it is to be fresh."""
    folder = FOLDER / f"stack-{name}"
    if fresh:
        shutil.rmtree(folder, ignore_errors=True)
    return running(folder, "lite", store, ENVIRONMENT)


def client_of(system: System) -> Client:
    return Client(system.endpoint, timeout=CALL_SECONDS)


def worker_log_of(system: System) -> Path:
    return system.folder / "logs" / "worker.log"


def start(client: Client, job: Job) -> OperationHandle:
    return client.discover(
        job.generator, job.method, job.predictors, job.parameters,
        seed=job.seed, samples=job.samples, judges=job.judges,
    )  # fmt: skip


def outcome(client: Client, handle: OperationHandle, job: Job, seconds: float) -> Outcome:
    """Waits for it, so many seconds at most."""
    found = handle.result(timeout=seconds)
    moves = [(found.finding_set, 0, 2.0)]
    edited = client.edit(job.generator, job.predictors, seed=5, moves=moves)
    return Outcome(found.digest, client.scorecard(found.finding_set), edited.digest)


def undisturbed(system: System, client: Client, job: Job) -> Wanted:
    handle = start(client, job)
    wanted = outcome(client, handle, job, JOB_SECONDS)
    return Wanted(wanted, events(worker_log_of(system), handle.name))
