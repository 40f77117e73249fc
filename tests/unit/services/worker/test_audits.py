"""An audit is the same whatever interrupts it, and finds the cheat that was planted."""

import json
from collections import Counter

import numpy as np
import pytest
import torch

from directrix.archive import pack_arrays
from directrix.types import Space
from services.artifacts.catalogue import Catalogue
from services.artifacts.memory import MemoryStore
from services.jobs import AuditResult, Job, PicturesSpec, Stage, State
from services.jobs.durable import DurableJobStore
from services.jobs.leases import MemoryLeases
from services.jobs.signals import MemorySignals
from services.jobs.submitter import MemorySubmitter
from services.worker.audits import Auditor
from services.worker.reconciler import Reconciler
from services.worker.step import Steps
from tests.contract.models import CPU
from tests.unit.services.worker.audit_world import CHEATED, audit_specification
from tests.unit.services.worker.test_discovery import FragileStore, Killed

pytestmark = pytest.mark.slow  # the same audit, many times over


class Auditing:
    """Worker, queue and broker in one process."""

    def __init__(self, step_seconds: float = 30.0) -> None:
        torch.set_num_threads(1)
        self.store = FragileStore(MemoryStore())
        self.jobs = DurableJobStore(self.store)
        self.leases, self.signals = MemoryLeases(15), MemorySignals()
        self.submitter = MemorySubmitter()
        auditor = Auditor(self.catalogue, CPU, step_seconds)
        self.steps = Steps(
            self.jobs, self.leases, self.signals, self.submitter, auditor, self.clean
        )

    def catalogue(self, project: str = "default") -> Catalogue:
        return Catalogue(self.store, project)

    def clean(self, job: Job) -> None:
        self.catalogue().drop_checkpoints(job.id)

    def start(self, **changes: object) -> Job:
        job = self.jobs.create("default", audit_specification(self.store.inner, **changes))
        self.submitter.submit(job)
        return job

    def drain(self) -> None:
        while self.submitter.queue:
            self.steps.run(*self.submitter.queue.pop(0))

    def recover(self) -> None:
        """What becomes of a killed worker: its lease runs out, the reconciler finds the job."""
        self.leases.lose()
        Reconciler(self.jobs, self.leases, self.signals, self.submitter, lambda job: None).look()
        self.drain()

    def end(self, job: Job) -> AuditResult:
        ended = self.jobs.get(job.name)
        assert ended.state is State.SUCCEEDED, ended.error
        assert isinstance(ended.result, AuditResult)
        return ended.result


@pytest.fixture(scope="module")
def undisturbed() -> Auditing:
    world = Auditing()
    world.start()
    world.drain()
    return world


@pytest.fixture(scope="module")
def expected(undisturbed: Auditing) -> AuditResult:
    return undisturbed.end(undisturbed.jobs.jobs("default")[0])


def documents(world: Auditing, result: AuditResult) -> dict[str, bytes]:
    audits = world.catalogue().audits
    manifest = audits.get(result.audit)
    return {name: audits.document(manifest, name) for name in manifest.documents}


def test_the_planted_cheat_is_accused_and_nothing_else(
    undisturbed: Auditing, expected: AuditResult
) -> None:
    assert (expected.count, expected.accused) == (6, 1)
    audits = undisturbed.catalogue().audits
    record = audits.record(audits.get(expected.audit))
    (accused,) = record.audit.accused
    assert accused.finding.index == CHEATED
    assert record.title(accused.finding) == f"axis {CHEATED}"
    assert record.digest == expected.digest
    ended = undisturbed.jobs.jobs("default")[0]
    assert (ended.progress.stage, ended.attempt) == (Stage.COMMIT, 1)
    assert list(undisturbed.store.keys("checkpoints/")) == []


def test_the_documents_agree(undisturbed: Auditing, expected: AuditResult) -> None:
    made = documents(undisturbed, expected)
    told = json.loads(made["json"])
    assert told["specification"]["seed"] == 5
    assert made["html"].count(b"<img") >= 3
    assert told["reproduce"].encode() in made["html"].replace(b"&#x27;", b"'")
    rows = made["csv"].decode().splitlines()
    assert rows[1].split(",")[2:4] == [str(CHEATED), f"axis {CHEATED}"]


def test_pictures_flip_where_the_report_says_so(
    undisturbed: Auditing, expected: AuditResult
) -> None:
    html = documents(undisturbed, expected)["html"].decode()
    assert "Pictures that one finding flips" in html
    assert f"axis {CHEATED} <small" in html


def test_short_steps_give_the_same_bytes(undisturbed: Auditing, expected: AuditResult) -> None:
    world = Auditing(0)
    job = world.start()
    world.drain()
    assert world.end(job) == expected
    assert documents(world, expected) == documents(undisturbed, expected)
    assert world.jobs.get(job.name).fence >= 8  # a step for every unit


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_kills_change_nothing(after: bool, undisturbed: Auditing, expected: AuditResult) -> None:
    """SIGKILL at every seventh write: the same bytes."""
    world = Auditing()
    job = world.start()
    kills = 0
    world.store.after = after
    while not world.jobs.get(job.name).state.ended:
        world.store.deadly = world.store.writes + 7
        try:
            world.recover()
        except Killed:
            kills += 1
    assert world.end(job) == expected
    assert documents(world, expected) == documents(undisturbed, expected)
    assert kills >= 3


def test_a_cancelled_audit_leaves_nothing() -> None:
    world = Auditing(0)
    job = world.start()
    world.steps.run(*world.submitter.queue.pop(0))
    assert world.jobs.get(job.name).state is State.RUNNING
    world.jobs.cancel(job.name)
    world.drain()
    assert world.jobs.get(job.name).state is State.CANCELLED
    assert list(world.store.keys("checkpoints/")) == []
    assert world.catalogue().audits.page() == []


def test_without_a_reference_nobody_is_accused() -> None:
    world = Auditing()
    job = world.start(reference=None, explained=0)
    world.drain()
    assert world.end(job).accused is None


def test_real_pictures_are_inverted_first() -> None:
    world = Auditing(0)
    chance = np.random.default_rng(4)
    images = chance.integers(0, 256, (6, 8, 8, 1)).astype(np.uint8)
    digest = world.catalogue().audits.put_pictures(images)
    pictures = PicturesSpec(images=digest, count=6, space=Space.Z, steps=5)
    job = world.start(pictures=pictures, samples=0, explained=0)
    stages: Counter[Stage] = Counter()
    while world.submitter.queue:
        world.steps.run(*world.submitter.queue.pop(0))
        stages[world.jobs.get(job.name).progress.stage] += 1
    result = world.end(job)
    assert stages[Stage.INVERSION] == 6
    audits = world.catalogue().audits
    record = audits.record(audits.get(result.audit))
    assert (record.audit.samples, record.audit.span.images) == (6, 6)
    assert f"--pictures {digest} --space z --inversion-steps 5" in record.reproduce


def test_a_damaged_object_fails_the_audit() -> None:
    world = Auditing()
    job = world.start()
    key = next(key for key in world.store.keys("objects/"))
    world.store.inner.put(key, pack_arrays({"A": np.zeros(1)}))
    world.drain()
    ended = world.jobs.get(job.name)
    assert ended.state is State.FAILED and ended.error is not None
    assert ended.error.reason == "CHECKSUM_MISMATCH"
