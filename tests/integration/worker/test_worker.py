"""Real worker processes over a real queue, object store and inference server.

Whatever happens to them, the same specification gives the same finding set, and hardly anything
is computed twice.
"""

import random
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from directrix import methods
from services.artifacts.catalogue import Catalogue
from services.jobs import Job, JobResult, Stage, State
from tests.integration.servers import minio_code, seaweedfs
from tests.integration.worker.stand import Stand, stand
from tests.unit.services.worker.toy_world import specification

SAMPLES = 12_000
FLUSHES = 3
SERVERS = {"seaweedfs": seaweedfs, "minio_code": minio_code}
RESULTS = ("scores/", "finding-sets-by-digest/", "scorecards/", "projects/default/findingSets/")

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]


@dataclass(frozen=True)
class Reference:
    """What an undisturbed worker makes of the job, and the units it took."""

    result: JobResult
    units: Counter[str]


@pytest.fixture(scope="module", params=SERVERS)
def desk(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stand]:
    folder: Path = tmp_path_factory.mktemp("worker")
    with SERVERS[request.param](folder / "s3") as s3, stand(folder, s3, "test-worker") as found:
        yield found


@pytest.fixture(scope="module")
def reference(desk: Stand) -> Reference:
    desk.staff(1)
    job = start(desk)
    return Reference(succeeded(desk.ended(job)), desk.computed(job))


def start(desk: Stand, submit: bool = True) -> Job:
    """The one job of these tests, with nothing left of earlier ones."""
    for prefix in RESULTS:
        for key in list(desk.store.keys(prefix)):
            desk.store.delete(key)
    spec = specification(desk.store, "interfacegan", samples=SAMPLES)
    job = desk.jobs.create("default", spec)
    if submit:
        desk.submitter.submit(job)
    return job


def succeeded(job: Job) -> JobResult:
    assert job.state is State.SUCCEEDED, job.error
    assert job.result is not None
    return job.result


def working(job: Job) -> bool:
    return job.state is State.RUNNING and job.progress.stage is not Stage.NONE


def test_an_undisturbed_job(desk: Stand, reference: Reference) -> None:
    catalogue = Catalogue(desk.store)
    assert [m.name for m in catalogue.methods()] == methods.names()
    assert set(reference.units.values()) == {1}
    assert [name for name, _ in catalogue.finding_sets()] == [reference.result.finding_set]
    assert catalogue.scorecard(reference.result.digest).finding_set == reference.result.digest


def test_killed_workers(desk: Stand, reference: Reference) -> None:
    """SIGKILL three times at random moments: at most one unit a kill is computed again."""
    (worker,) = desk.staff(1)
    chance = random.Random(1)
    job = start(desk)
    kills = 0
    for attempt in (1, 2, 3):
        taken = desk.until(job, lambda j, a=attempt: j.state.ended or j.attempt == a)
        time.sleep(chance.uniform(0.05, 0.6))
        if taken.state.ended:
            break
        desk.kill(worker)
        kills += 1
        (worker,) = desk.staff(1)
    assert succeeded(desk.ended(job)) == reference.result
    assert kills >= 2
    again = desk.computed(job) - reference.units
    assert sum(again.values()) <= kills, again
    assert desk.jobs.get(job.name).attempt in (kills, kills + 1)  # the last kill may come late


def test_messages_delivered_twice(desk: Stand, reference: Reference) -> None:
    """Two workers and many messages: one of them does the work."""
    desk.staff(2)
    job = start(desk)
    for _ in range(6):
        desk.submitter.submit(desk.jobs.get(job.name))
        time.sleep(0.2)
    assert succeeded(desk.ended(job)) == reference.result
    assert desk.computed(job) == reference.units
    assert desk.jobs.get(job.name).attempt == 1


def test_a_broker_that_forgets_everything(desk: Stand, reference: Reference) -> None:
    desk.staff(2)
    job = start(desk)
    desk.redis.flushall()
    desk.until(job, working)
    for _ in range(FLUSHES):
        desk.redis.flushall()
        time.sleep(0.4)
    assert succeeded(desk.ended(job)) == reference.result
    again = desk.computed(job) - reference.units
    # a shard whose lease is forgotten may be the owner's and a helper's at once
    assert sum(again.values()) <= desk.jobs.get(job.name).attempt - 1 + FLUSHES


def test_workers_that_are_asked_to_stop(desk: Stand, reference: Reference) -> None:
    (worker,) = desk.staff(1)
    job = start(desk)
    desk.until(job, working)
    worker.terminate()
    assert worker.wait(20) == 0
    left = desk.jobs.get(job.name)
    assert (left.state, left.owner) == (State.RUNNING, "")
    desk.staff(1)
    assert succeeded(desk.ended(job)) == reference.result
    assert desk.jobs.get(job.name).attempt == 1
    assert sum((desk.computed(job) - reference.units).values()) <= 1


def test_a_job_that_nobody_was_told_of(desk: Stand, reference: Reference) -> None:
    """Its gateway died between the record and the message."""
    desk.staff(1)
    job = start(desk, submit=False)
    assert succeeded(desk.ended(job)) == reference.result


def test_cancellation(desk: Stand) -> None:
    desk.staff(1)
    job = start(desk)
    desk.until(job, working)
    asked = time.monotonic()
    desk.jobs.cancel(job.name)
    desk.signals.request_cancel(job.name)
    ended = desk.until(job, lambda j: j.state.ended, seconds=10)
    assert ended.state is State.CANCELLED
    assert time.monotonic() - asked < 3
    assert Catalogue(desk.store).finding_sets() == []
    checkpoints = f"checkpoints/default/{job.id}/"
    desk.until(job, lambda j: list(desk.store.keys(checkpoints)) == [], seconds=5)


def test_cancellation_without_the_flag(desk: Stand) -> None:
    """The broker lost it: the record says it too."""
    desk.staff(1)
    job = start(desk)
    desk.until(job, working)
    desk.jobs.cancel(job.name)
    assert desk.until(job, lambda j: j.state.ended, seconds=15).state is State.CANCELLED
