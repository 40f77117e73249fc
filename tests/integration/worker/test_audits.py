"""Real workers audit a classifier: killed or not, the documents are the same bytes."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.artifacts.catalogue import Catalogue
from services.jobs import AuditResult, Job, Stage, State
from tests.integration.servers import seaweedfs
from tests.integration.worker.stand import Stand, stand
from tests.unit.services.worker.audit_world import audit_specification

SIZES = {"samples": 256, "random_findings": 200, "explained": 8}
"""So many that an audit takes seconds."""

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    folder: Path = tmp_path_factory.mktemp("audits")
    with seaweedfs(folder / "s3") as s3, stand(folder, s3, "test-audits") as found:
        yield found


@pytest.fixture(scope="module")
def expected(desk: Stand) -> tuple[AuditResult, dict[str, bytes]]:
    """What an undisturbed worker makes of the job."""
    desk.staff(1)
    result = audited(desk.ended(start(desk)))
    return result, documents(desk, result)


def start(desk: Stand) -> Job:
    """The one job of these tests, with nothing left of earlier ones."""
    for key in list(desk.store.keys("projects/default/audits/")):
        desk.store.delete(key)
    job = desk.jobs.create("default", audit_specification(desk.store, **SIZES))
    desk.submitter.submit(job)
    return job


def audited(job: Job) -> AuditResult:
    assert job.state is State.SUCCEEDED, job.error
    assert isinstance(job.result, AuditResult)
    return job.result


def documents(desk: Stand, result: AuditResult) -> dict[str, bytes]:
    audits = Catalogue(desk.store).audits
    manifest = audits.get(result.audit)
    return {name: audits.document(manifest, name) for name in manifest.documents}


def under_way(job: Job) -> bool:
    return job.state.ended or (job.progress.stage is Stage.AUDIT and job.progress.done > 1)


def test_an_undisturbed_audit(desk: Stand, expected: tuple[AuditResult, dict[str, bytes]]) -> None:
    result, made = expected
    assert (result.count, result.accused) == (6, 1)
    assert set(made) == {"json", "csv", "html"}
    assert [name for name, _ in Catalogue(desk.store).audits.page()] == [result.audit]


def test_killed_workers(desk: Stand, expected: tuple[AuditResult, dict[str, bytes]]) -> None:
    """SIGKILL twice while it runs: the same bytes, at most one unit a kill done again."""
    (worker,) = desk.staff(1)
    job = start(desk)
    kills = 0
    for attempt in (1, 2):
        desk.until(job, lambda j, a=attempt: under_way(j) and (j.state.ended or j.attempt == a))
        if desk.jobs.get(job.name).state.ended:
            break
        desk.kill(worker)
        kills += 1
        (worker,) = desk.staff(1)
    result = audited(desk.ended(job))
    assert (result, documents(desk, result)) == expected
    assert kills >= 1
    units = desk.computed(job)
    assert sum(units.values()) - len(units) <= kills, units


def test_cancellation(desk: Stand, expected: tuple[AuditResult, dict[str, bytes]]) -> None:
    desk.staff(1)
    job = start(desk)
    desk.until(job, under_way)
    asked = time.monotonic()
    desk.jobs.cancel(job.name)
    desk.signals.request_cancel(job.name)
    assert desk.until(job, lambda j: j.state.ended, seconds=10).state is State.CANCELLED
    assert time.monotonic() - asked < 3
    assert Catalogue(desk.store).audits.page() == []
    checkpoints = f"checkpoints/default/{job.id}/"
    desk.until(job, lambda j: list(desk.store.keys(checkpoints)) == [], seconds=5)
