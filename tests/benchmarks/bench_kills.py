"""The same jobs with one seed, their worker killed with SIGKILL at random moments: same digests.

On SeaweedFS and on MinIO's server code, against a run on a store of its own that nobody disturbs.
That run also says of which units of work each job consists and how long they take on this machine:
a kill falls into a unit drawn by chance, at a moment within it drawn by chance. The first kill of
a job falls anywhere, the others after the first checkpoint of its fit.
"""

import os
import random
import shutil
import signal
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from directrix.client import Client, OperationHandle
from tests.benchmarks import bundled
from tests.benchmarks.evidence import Evidence
from tests.benchmarks.system import System, running
from tests.benchmarks.worker_log import Event, begun_again, events, pieces_of_fit

STORES = ("seaweedfs", "minio")
FEW = {"scorers": ["boot", "bag", "dress"]}
KILLS_A_STORE = 12
JOBS_A_SYSTEM = 2
"""A system that starts anew brings a dead worker back at once again."""
ENVIRONMENT = {"DIRECTRIX_LEASE_SECONDS": "6", "DIRECTRIX_RECONCILE_SECONDS": "1"}
"""Shorter than usual, so that an abandoned job is found sooner."""
LONGEST_PAUSE = 3.0
CALL_SECONDS = 60.0
"""Deadline of every call: what is measured here is not how fast an answer comes."""
WORKER_SECONDS, JOB_SECONDS = 300.0, 900.0
"""Bounds, for a machine that is busy with other things: a dead worker is back; a job goes on."""


class Job(NamedTuple):
    """What is asked for."""

    method: str
    parameters: dict
    samples: int | None
    seed: int


JOBS = (
    Job("interfacegan", FEW, 6144, 101),
    Job("intervention", FEW | {"samples": 24}, None, 102),
    Job("interfacegan", FEW | {"learner": "logistic"}, 8192, 103),
    Job("intervention", FEW | {"samples": 32}, None, 104),
)


class Outcome(NamedTuple):
    """What one seed must give again: the finding set's digest, all its scores, and an edit."""

    digest: str
    scorecard: object
    image: str


@dataclass(frozen=True)
class Wanted:
    """A job as it goes when nobody disturbs it."""

    outcome: Outcome
    course: list[Event]

    @property
    def patience(self) -> float:
        """Seconds within which the job ends, with kills: several times what it took without."""
        return JOB_SECONDS + 10 * (self.course[-1].seconds - self.course[0].seconds)


@dataclass
class Tally:
    """What the kills did."""

    kills: int = 0
    after_checkpoint: int = 0
    mismatches: int = 0
    begun_again: list[int] = field(default_factory=list)
    """For each kill: how many shards were begun once more because of it."""
    fits_repeated: int = 0
    """Pieces of a fit that were stored twice, over all jobs."""


def run(evidence: Evidence) -> None:
    began = time.monotonic()
    wanted, tally = _undisturbed(), Tally()
    for store in STORES:
        tally_of_store = _disturbed_store(store, wanted, random.Random(store), evidence)
        tally.kills += tally_of_store.kills
        tally.after_checkpoint += tally_of_store.after_checkpoint
        tally.mismatches += tally_of_store.mismatches
        tally.begun_again += tally_of_store.begun_again
        tally.fits_repeated += tally_of_store.fits_repeated
    kills, jobs = tally.kills, len(JOBS) * len(STORES)
    evidence.settings = {"stores": list(STORES), "jobs": [job._asdict() for job in JOBS]}
    evidence.settings |= {"environment": ENVIRONMENT}
    evidence.figure("kills", kills, "kills", at_least=20, n=kills)
    after = tally.after_checkpoint
    evidence.figure("kills_after_checkpoint", after, "kills", at_least=5, n=kills)
    evidence.figure("digest_mismatches", tally.mismatches, "jobs", at_most=0, n=jobs)
    worst = max(tally.begun_again, default=0)
    evidence.figure("shards_recomputed_max", worst, "shards a kill", at_most=1, n=kills)
    evidence.figure("fit_pieces_repeated", tally.fits_repeated, "pieces", at_most=0, n=jobs)
    evidence.figure("seconds", time.monotonic() - began, "s", n=jobs + len(JOBS))


def _undisturbed() -> list[Wanted]:
    wanted = []
    with _system("reference", "seaweedfs") as system, _client(system) as client:
        bundled.register(client, bundled.GENERATOR, bundled.CLASSIFIER)
        for job in JOBS:
            handle = _start(client, job)
            outcome = _outcome(client, handle, JOB_SECONDS)
            course = events(_log(system), handle.name)
            seconds = course[-1].seconds - course[0].seconds
            print(f"    {job.method}: {len(course)} units in {seconds:.1f} s", flush=True)
            wanted.append(Wanted(outcome, course))
    return wanted


def _disturbed_store(
    store: str, wanted: Sequence[Wanted], chance: random.Random, evidence: Evidence
) -> Tally:
    """All jobs on one store, by systems that follow one another on the same folder."""
    tally = Tally()
    fresh = True
    for first in range(0, len(JOBS), JOBS_A_SYSTEM):
        with _system(store, store, fresh) as system, _client(system) as client:
            bundled.register(client, bundled.GENERATOR, bundled.CLASSIFIER)
            for number in range(first, min(first + JOBS_A_SYSTEM, len(JOBS))):
                due = KILLS_A_STORE * (number + 1) // len(JOBS) - tally.kills
                victim = _Victim(system, client, JOBS[number], wanted[number])
                same = victim.suffer(due, chance, tally)
                tally.mismatches += not same
                for row in victim.rows():
                    evidence.row(store=store, **row, differs=victim.differs)
                words = f"{len(victim.kills)} kills, differs in {victim.differs or 'nothing'}"
                print(f"    {store} {JOBS[number].method}: {words}", flush=True)
        fresh = False
    return tally


class _Victim:
    """One job whose worker is killed again and again."""

    def __init__(self, system: System, client: Client, job: Job, wanted: Wanted):
        self._system, self._client, self._job, self._wanted = system, client, job, wanted
        self._log = _log(system)
        self.kills: list[int] = []
        """The length of the log at each of them."""
        self.differs: list[str] = []
        """What of the outcome is not as it should be."""
        self._found: list[Event] = []

    def suffer(self, due: int, chance: random.Random, tally: Tally) -> bool:
        """Kills `due` times unless the job is faster; whether it ends as it should."""
        handle = _start(self._client, self._job)
        for place in self._places(due, chance):
            if not self._wait_for(place, handle):
                break
            time.sleep(self._pause(place, chance))
            self._kill(handle)
        outcome = _outcome(self._client, handle, self._wanted.patience)
        wanted = self._wanted.outcome
        pairs = zip(Outcome._fields, outcome, wanted, strict=True)
        self.differs = [name for name, one, other in pairs if one != other]
        self._found = events(self._log, handle.name)
        tally.kills += len(self.kills)
        first = next((e.place for e in self._found if e.is_checkpoint), self._log.stat().st_size)
        tally.after_checkpoint += sum(kill > first for kill in self.kills)
        tally.begun_again += begun_again(self._found, self.kills)
        extra = pieces_of_fit(self._found) - pieces_of_fit(self._wanted.course)
        tally.fits_repeated += max(0, extra)
        return not self.differs

    def rows(self) -> list[dict]:
        """One for each kill."""
        again = begun_again(self._found, self.kills)
        return [
            {
                "method": self._job.method,
                "seed": self._job.seed,
                "units_begun": len({e.unit for e in self._found if e.place < kill}),
                "units": len(self._wanted.course),
                "begun_again": count,
            }
            for kill, count in zip(self.kills, again, strict=True)
        ]

    def _places(self, due: int, chance: random.Random) -> list[int]:
        """Units within which to kill, by their number; never the last one."""
        course = self._wanted.course
        first = next(i for i, event in enumerate(course) if event.is_checkpoint)
        early = [chance.randrange(first)] if first and due else []
        later = range(first, len(course) - 1)
        return [*early, *sorted(chance.sample(later, min(due - len(early), len(later))))]

    def _wait_for(self, place: int, handle: OperationHandle) -> bool:
        """Until so many units have begun, one of them since the last kill. False: it has ended."""
        end = time.monotonic() + self._wanted.patience
        while not handle.done():
            if time.monotonic() > end:
                raise TimeoutError(f"{handle.name} does not go on: see {self._log}")
            found = events(self._log, handle.name)
            begun = {event.unit for event in found}
            at_it = found and found[-1].place >= (self.kills[-1] if self.kills else 0)
            if at_it and len(begun) > place:
                return True
            time.sleep(0.02)
        return False

    def _pause(self, place: int, chance: random.Random) -> float:
        """A part of the time that the unit takes."""
        course = self._wanted.course
        takes = course[place + 1].seconds - course[place].seconds
        return chance.uniform(0.0, min(takes, LONGEST_PAUSE))

    def _kill(self, handle: OperationHandle) -> None:
        """The worker, at once; its supervisor brings it back. Counts where the job still ran."""
        pid = self._system.parts["worker"]
        os.kill(pid, signal.SIGKILL)
        length = self._log.stat().st_size
        if not handle.done():
            self.kills.append(length)
        end = time.monotonic() + WORKER_SECONDS
        while self._system.parts.get("worker", pid) == pid:
            if time.monotonic() > end:
                raise TimeoutError("the worker does not come back")
            time.sleep(0.05)


def _system(name: str, store: str, fresh: bool = True) -> AbstractContextManager[System]:
    folder = Path("build/bench") / f"stack-kills-{name}"
    if fresh:
        shutil.rmtree(folder, ignore_errors=True)
    return running(folder, "lite", store, ENVIRONMENT)


def _client(system: System) -> Client:
    return Client(system.endpoint, timeout=CALL_SECONDS)


def _log(system: System) -> Path:
    return system.folder / "logs" / "worker.log"


def _start(client: Client, job: Job) -> OperationHandle:
    return client.discover(
        bundled.GENERATOR, job.method, [bundled.CLASSIFIER], job.parameters,
        seed=job.seed, samples=job.samples,
    )  # fmt: skip


def _outcome(client: Client, handle: OperationHandle, seconds: float) -> Outcome:
    found = handle.result(timeout=seconds)
    moves = [(found.finding_set, 0, 2.0)]
    edited = client.edit(bundled.GENERATOR, [bundled.CLASSIFIER], seed=5, moves=moves)
    return Outcome(found.digest, client.scorecard(found.finding_set), edited.digest)
