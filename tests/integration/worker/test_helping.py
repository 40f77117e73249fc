"""Real workers that help one another, scoring on their own devices and through a replica.

One computes a job's population alone, two share it; one of them is killed; the job is cancelled.
"""

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.jobs import Job, Stage, State
from tests.integration.servers import seaweedfs
from tests.integration.worker.stand import Stand, stand
from tests.unit.services.worker.toy_world import specification

SAMPLES = 24 * 1024
LONG = 400 * 1024
SHARD = re.compile(r"computing population shard (\d+)")

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    folder: Path = tmp_path_factory.mktemp("helping")
    with seaweedfs(folder / "s3") as s3, stand(folder, s3, "test-helping") as found:
        yield found


@pytest.fixture(scope="module")
def alone(desk: Stand) -> str:
    """The digest that one worker comes to, with a replica."""
    desk.staff(1)
    return digest(desk.ended(start(desk)))


@pytest.fixture
def pair(desk: Stand, alone: str) -> None:
    """Two workers that score on their own devices."""
    desk.staff(0)
    desk.environment["DIRECTRIX_WORKER_SCORING"] = "own"
    desk.staff(2)


def start(desk: Stand, samples: int = SAMPLES) -> Job:
    for key in list(desk.store.keys("scores/")):
        desk.store.delete(key)
    job = desk.jobs.create("default", specification(desk.store, "interfacegan", samples=samples))
    desk.submitter.submit(job)
    return job


def digest(job: Job) -> str:
    assert job.state is State.SUCCEEDED, job.error
    assert job.result is not None
    return job.result.digest


def shards(desk: Stand, job: Job) -> list[list[int]]:
    """First samples of what each worker that ever was has begun of a job."""
    found = []
    for log in sorted(desk.folder.glob("worker-*.log")):
        lines = [line for line in log.read_text().splitlines() if job.id in line]
        found.append([int(number) for line in lines for number in SHARD.findall(line)])
    return [begun for begun in found if begun]


def test_two_workers_share_a_population_and_come_to_the_same(
    desk: Stand, pair: None, alone: str
) -> None:
    job = start(desk)
    assert digest(desk.ended(job)) == alone
    begun = shards(desk, job)
    assert len(begun) == 2
    assert sorted(begun[0] + begun[1]) == list(range(0, SAMPLES, 1024))
    assert desk.jobs.get(job.name).spent.images >= SAMPLES


def test_a_killed_helper_or_owner_changes_nothing(desk: Stand, pair: None, alone: str) -> None:
    job = start(desk)
    desk.until(job, lambda j: len(shards(desk, j)) == 2)
    desk.kill(desk.workers[-1])
    desk.staff(2)
    assert digest(desk.ended(job)) == alone
    twice = sum(map(len, shards(desk, job))) - SAMPLES // 1024
    assert twice <= 1


def test_helpers_of_a_cancelled_job_stop_within_seconds(desk: Stand, pair: None) -> None:
    job = start(desk, LONG)
    desk.until(job, lambda j: len(shards(desk, j)) == 2)
    desk.jobs.cancel(job.name)
    desk.signals.request_cancel(job.name)
    assert desk.until(job, lambda j: j.state.ended, seconds=45).state is State.CANCELLED

    def at_rest(_: Job) -> bool:
        before = shards(desk, job)
        time.sleep(1.5)
        return desk.listening() == 2 and shards(desk, job) == before

    desk.until(job, at_rest, seconds=30)
    assert desk.jobs.get(job.name).progress.stage is Stage.POPULATION
