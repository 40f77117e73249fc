"""The job store keeps its promises over every artifact store, conditional or not."""

import threading
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import redis

from directrix.errors import (
    MoveIllegal,
    OperationNotFound,
    OperationUnfinished,
    RequestIdReused,
)
from services.artifacts.folder import FolderStore
from services.artifacts.memory import MemoryStore
from services.artifacts.s3 import S3Store
from services.artifacts.store import ArtifactStore
from services.jobs import DiscoverySpec, Job, ModelRef, State, move
from services.jobs.durable import KEPT, DurableJobStore, Guard
from services.jobs.guards import redis_guard
from tests.integration.servers import S3Server, minio_code, seaweedfs, valkey

SPEC = DiscoverySpec(
    generator=ModelRef(name="projects/default/models/toy", digest="a" * 64),
    method="sefa",
    parameters={"count": 8, "space": "w"},
    seed=7,
)
OTHER = SPEC.model_copy(update={"seed": 8})


class Clock:
    """Time that passes by hand, a millisecond a look so that ids have an order."""

    def __init__(self) -> None:
        self.now = datetime(2026, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.now += timedelta(milliseconds=1)
        return self.now


@pytest.fixture(scope="module")
def weed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    with seaweedfs(tmp_path_factory.mktemp("weed")) as server:
        yield server


@pytest.fixture(scope="module")
def minio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    with minio_code(tmp_path_factory.mktemp("minio")) as server:
        yield server


@pytest.fixture(scope="module")
def guard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guard]:
    with valkey(tmp_path_factory.mktemp("valkey")) as url:
        yield redis_guard(redis.Redis.from_url(url))


def bucket_of(server: S3Server) -> S3Store:
    name = f"test-{uuid.uuid4().hex[:12]}"
    return S3Store(server.endpoint, name, server.access_key, server.secret_key)


@pytest.fixture(params=["memory", "folder", "seaweedfs", "minio_code"])
def artifacts(request: pytest.FixtureRequest, tmp_path: Path) -> ArtifactStore:
    match request.param:
        case "memory":
            return MemoryStore()
        case "folder":
            return FolderStore(tmp_path / "store")
        case "seaweedfs":
            return bucket_of(request.getfixturevalue("weed"))
        case _:
            return bucket_of(request.getfixturevalue("minio"))


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def jobs(artifacts: ArtifactStore, guard: Guard, clock: Clock) -> DurableJobStore:
    return DurableJobStore(artifacts, guard, clock)


def more(job: Job) -> Job:
    return job.model_copy(update={"fence": job.fence + 1})


def test_a_job_is_there_before_its_name_is_given_out(jobs: DurableJobStore) -> None:
    job = jobs.create("default", SPEC)
    assert jobs.get(job.name) == job
    assert job.state is State.QUEUED
    assert job.spec == SPEC
    assert job.name == f"projects/default/operations/{job.id}"
    assert job.create_time.tzinfo is not None
    assert [j.name for j in jobs.active()] == [job.name]


@pytest.mark.parametrize("name", ["projects/default/operations/nothing"])
def test_an_unknown_job_is_not_found(jobs: DurableJobStore, name: str) -> None:
    with pytest.raises(OperationNotFound):
        jobs.get(name)
    with pytest.raises(OperationNotFound):
        jobs.update(name, more)


def test_a_change_is_kept_and_dated(jobs: DurableJobStore) -> None:
    job = jobs.create("default", SPEC)
    changed = jobs.update(job.name, more)
    assert changed.fence == 1
    assert changed.update_time > job.update_time
    assert jobs.get(job.name) == changed
    assert jobs.update(job.name, lambda j: j) == changed


def test_an_illegal_change_leaves_the_record(jobs: DurableJobStore) -> None:
    job = jobs.create("default", SPEC)
    with pytest.raises(MoveIllegal):
        jobs.update(job.name, lambda j: move(j, State.SUCCEEDED))
    assert jobs.get(job.name) == job


def test_no_change_is_lost_among_many_writers(jobs: DurableJobStore) -> None:
    job = jobs.create("default", SPEC)

    def write() -> None:
        for _ in range(5):
            jobs.update(job.name, more)

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert jobs.get(job.name).fence == 20


def test_old_versions_go_and_the_last_one_stays(artifacts: ArtifactStore, clock: Clock) -> None:
    if not isinstance(artifacts, MemoryStore | FolderStore):
        pytest.skip("many writes; the same code as over a folder")
    jobs = DurableJobStore(artifacts, clock=clock)
    job = jobs.create("default", SPEC)
    for _ in range(3 * KEPT):
        jobs.update(job.name, more)
    assert jobs.get(job.name).fence == 3 * KEPT
    assert len(list(artifacts.keys(f"{job.name}/"))) <= 2 * KEPT
    ended = jobs.update(job.name, lambda j: move(j, State.CANCELLED))
    jobs.tidy(job.name)
    assert len(list(artifacts.keys(f"{job.name}/"))) == 1
    assert jobs.get(job.name) == ended
    assert list(jobs.active()) == []


def test_only_ended_jobs_are_tidied_up(jobs: DurableJobStore) -> None:
    job = jobs.create("default", SPEC)
    jobs.tidy(job.name)
    assert [j.name for j in jobs.active()] == [job.name]


def test_the_same_request_is_the_same_job(jobs: DurableJobStore) -> None:
    first = jobs.create("default", SPEC, request_id="r-1")
    assert jobs.create("default", SPEC, request_id="r-1") == first
    started = jobs.update(first.name, lambda j: move(j, State.RUNNING))
    assert jobs.create("default", SPEC, request_id="r-1") == started
    assert jobs.create("default", SPEC, request_id="r-2").name != first.name
    assert jobs.create("default", SPEC).name != jobs.create("default", SPEC).name
    assert jobs.create("other", SPEC, request_id="r-1").name != first.name


def test_another_request_with_the_same_id_is_refused(jobs: DurableJobStore) -> None:
    jobs.create("default", SPEC, request_id="r-1")
    with pytest.raises(RequestIdReused):
        jobs.create("default", OTHER, request_id="r-1")
    jobs.create("default", SPEC, request_id="r-3", fingerprint="one")
    with pytest.raises(RequestIdReused):
        jobs.create("default", SPEC, request_id="r-3", fingerprint="two")


def test_a_request_id_is_free_again_after_a_day(jobs: DurableJobStore, clock: Clock) -> None:
    first = jobs.create("default", SPEC, request_id="r-1")
    clock.now += timedelta(hours=23)
    assert jobs.create("default", SPEC, request_id="r-1").name == first.name
    clock.now += timedelta(hours=2)
    assert jobs.create("default", OTHER, request_id="r-1").name != first.name


def test_a_start_that_died_half_way_is_finished_by_its_retry(
    artifacts: ArtifactStore, jobs: DurableJobStore
) -> None:
    job = jobs.create("default", SPEC, request_id="r-1")
    for key in list(artifacts.keys(f"{job.name}/")):
        artifacts.delete(key)
    again = jobs.create("default", SPEC, request_id="r-1")
    assert again.name == job.name
    assert jobs.get(job.name) == again


def test_many_starts_of_one_request_make_one_job(jobs: DurableJobStore) -> None:
    names: list[str] = []

    def start() -> None:
        names.append(jobs.create("default", SPEC, request_id="r-1").name)

    threads = [threading.Thread(target=start) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(names) == 6
    assert len(set(names)) == 1


def test_jobs_are_listed_newest_first_in_pages(jobs: DurableJobStore) -> None:
    made = [jobs.create("default", SPEC) for _ in range(5)]
    jobs.create("other", SPEC)
    jobs.update(made[1].name, more)
    names = [job.name for job in reversed(made)]
    assert [j.name for j in jobs.jobs("default")] == names
    assert [j.name for j in jobs.jobs("default", limit=2)] == names[:2]
    assert [j.name for j in jobs.jobs("default", after=names[1], limit=2)] == names[2:4]
    assert jobs.jobs("default", after=names[4]) == []
    assert jobs.jobs("nobody") == []


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ([], State.CANCELLED),
        ([State.RUNNING], State.CANCELLING),
        ([State.RUNNING, State.WAITING_RETRY], State.CANCELLED),
        ([State.RUNNING, State.SUCCEEDED], State.SUCCEEDED),
        ([State.RUNNING, State.CANCELLING], State.CANCELLING),
    ],
)
def test_cancel(jobs: DurableJobStore, before: list[State], after: State) -> None:
    job = jobs.create("default", SPEC)
    for state in before:
        jobs.update(job.name, lambda j, s=state: move(j, s))
    assert jobs.cancel(job.name).state is after
    assert jobs.get(job.name).state is after


def test_only_ended_jobs_are_deleted(jobs: DurableJobStore) -> None:
    job = jobs.create("default", SPEC, "4b1f0f2a-0e6d-4f4e-9d6b-0d8e5b2f7a11")
    with pytest.raises(OperationUnfinished) as caught:
        jobs.delete(job.name)
    assert caught.value.metadata == {"name": job.name, "state": "queued"}
    jobs.cancel(job.name)
    jobs.delete(job.name)
    for call in (jobs.get, jobs.delete):
        with pytest.raises(OperationNotFound):
            call(job.name)
    assert jobs.jobs("default") == []
    assert list(jobs.active()) == []
