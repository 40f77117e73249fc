"""A discovery is the same whatever interrupts it, and hardly anything is computed twice."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pytest
import torch

from directrix.errors import FindingSetNotFound
from services.artifacts.catalogue import Catalogue
from services.artifacts.memory import MemoryStore
from services.artifacts.store import ArtifactStore
from services.jobs import Job, JobResult, Progress, State
from services.jobs.durable import DurableJobStore
from services.jobs.leases import MemoryLeases
from services.jobs.signals import MemorySignals
from services.jobs.submitter import MemorySubmitter
from services.worker.discovery import Discoverer
from services.worker.reconciler import Reconciler
from services.worker.step import Steps
from tests.unit.services.worker.toy_world import LocalScoring, register_judge, specification

METHODS = {
    "sefa": {"components": 3},
    "interfacegan": {},
    "intervention": {"samples": 8, "top_k": 3},
}


Memo = dict[object, np.ndarray]


class Killed(BaseException):
    """What SIGKILL is to a process: nothing handles it."""


class FragileStore(ArtifactStore):
    """Passes everything on, and kills whoever makes the write with this number."""

    def __init__(self, inner: ArtifactStore):
        self.inner = inner
        self.writes = 0
        self.deadly = -1
        self.after = False

    def get(self, key: str) -> bytes:
        return self.inner.get(key)

    def put(self, key: str, data: bytes) -> None:
        self._write(lambda: self.inner.put(key, data))

    def put_new(self, key: str, data: bytes) -> None:
        self._write(lambda: self.inner.put_new(key, data))

    def exists(self, key: str) -> bool:
        return self.inner.exists(key)

    def keys(self, prefix: str, after: str = "") -> Iterator[str]:
        return self.inner.keys(prefix, after)

    def delete(self, key: str) -> None:
        self._write(lambda: self.inner.delete(key))

    @property
    def conditional(self) -> bool:
        return True

    def _write(self, action) -> None:
        self.writes += 1
        if self.writes == self.deadly and not self.after:
            raise Killed
        action()
        if self.writes == self.deadly:
            raise Killed


class World:
    """Worker, queue and broker in one process; `kill` is a SIGKILL, `flush` an empty broker."""

    def __init__(self, step_seconds: float = 30.0, memo: Memo | None = None) -> None:
        torch.set_num_threads(1)
        self.store = FragileStore(MemoryStore())
        self.jobs = DurableJobStore(self.store)
        self.leases = MemoryLeases(15)
        self.signals = MemorySignals()
        self.submitter = MemorySubmitter()
        self.scoring = LocalScoring(self.store, memo)
        discoverer = Discoverer(
            lambda project: Catalogue(self.store, project),
            lambda project: self.scoring,
            torch.device("cpu"),
            step_seconds,
        )
        self.discoverer = discoverer
        self.steps = Steps(
            self.jobs,
            self.leases,
            self.signals,
            self.submitter,
            discoverer,
            lambda job: discoverer.clean(job.project, job.id),
        )

    def start(self, method: str, **changes: object) -> Job:
        spec = specification(self.store.inner, method, parameters=METHODS[method], **changes)
        job = self.jobs.create("default", spec)
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

    def end(self, job: Job) -> JobResult:
        ended = self.jobs.get(job.name)
        assert ended.state is State.SUCCEEDED, ended.error
        assert ended.result is not None
        return ended.result


def _drained(world: World, job: Job) -> Job:
    world.drain()
    return job


class WatchedScoring(LocalScoring):
    """Scores, and calls `watch` before each batch of a scorecard."""

    def __init__(self, world: World, memo: Memo, watch: Callable[[], object]):
        super().__init__(world.store, memo)
        self._watch = watch

    def recipes(self, *asked: object) -> np.ndarray:
        self._watch()
        return super().recipes(*asked)


def watched(world: World, memo: Memo, watch: Callable[[], object]) -> WatchedScoring:
    """Does all of the job that is in the queue."""
    scoring = WatchedScoring(world, memo, watch)
    discoverer = replace(world.discoverer, scoring=lambda project: scoring)
    replace(world.steps, work=discoverer).run(*world.submitter.queue.pop(0))
    return scoring


@pytest.fixture(scope="module")
def memo() -> Memo:
    return {}


def undisturbed(method: str, memo: Memo) -> tuple[JobResult, World]:
    world = World(memo=memo)
    job = world.start(method)
    world.drain()
    return world.end(job), world


@pytest.mark.parametrize("method", METHODS)
def test_a_job_ends_with_a_finding_set_and_its_scorecard(method: str, memo: Memo) -> None:
    result, world = undisturbed(method, memo)
    catalogue = Catalogue(world.store)
    found = catalogue.finding_set(result.finding_set)
    assert catalogue.finding_set_manifest(result.digest).digest == result.digest
    assert len(found) == result.count
    assert result.scored
    card = catalogue.scorecard(result.digest)
    assert card.finding_set == result.digest
    assert len(card.findings) == result.count
    assert [name for name, _ in catalogue.finding_sets()] == [result.finding_set]
    assert list(world.store.keys("checkpoints/")) == []
    assert set(world.scoring.units.values()) == {1}


def test_what_is_fitted_is_there_while_its_scorecard_is_made(memo: Memo) -> None:
    world = World(memo=memo)
    job, catalogue, seen = world.start("sefa"), Catalogue(world.store), set()

    def look() -> None:
        name = world.signals.watch(world.jobs.get(job.name)).progress.finding_set
        seen.add((name, catalogue.finding_set_manifest(name).digest))
        assert catalogue.finding_sets() == []

    watched(world, memo, look)
    result = world.end(job)
    assert seen == {(result.finding_set, result.digest)}
    assert world.jobs.get(job.name).progress.finding_set == result.finding_set


def test_what_is_fitted_is_named_again_by_whoever_takes_over(memo: Memo) -> None:
    """A worker may die between the fit and the next write of the record."""
    world = World(0, memo)
    job = world.start("sefa")
    while not world.jobs.get(job.name).progress.finding_set:
        world.steps.run(*world.submitter.queue.pop(0))
    forgotten = {"progress": Progress()}
    fitted = world.jobs.get(job.name).progress.finding_set
    world.jobs.update(job.name, lambda job: job.model_copy(update=forgotten))
    world.steps.run(*world.submitter.queue.pop(0))
    assert world.jobs.get(job.name).progress.finding_set == fitted


def test_what_is_fitted_stays_where_the_job_does_not_get_further(memo: Memo) -> None:
    world = World(memo=memo)
    job, catalogue = world.start("sefa"), Catalogue(world.store)
    watched(world, memo, lambda: world.jobs.cancel(job.name))
    ended = world.jobs.get(job.name)
    assert ended.state is State.CANCELLED
    assert len(catalogue.finding_set(ended.progress.finding_set)) == METHODS["sefa"]["components"]
    assert catalogue.finding_sets() == []


def test_a_job_without_predictors_has_no_scorecard(memo: Memo) -> None:
    world = World(memo=memo)
    job = world.start("sefa", predictors=())
    world.drain()
    assert not world.end(job).scored


@pytest.mark.slow
def test_judges_are_not_shown_to_the_method(memo: Memo) -> None:
    """They make the card, whatever the method was given; without any the method's own judge."""
    world = World()
    own = world.end(_drained(world, world.start("interfacegan")))
    judge = register_judge(world.store.inner)
    other = world.end(_drained(world, world.start("interfacegan", judges=(judge,))))
    catalogue = Catalogue(world.store)
    cards = [catalogue.scorecard(result.digest) for result in (own, other)]
    assert own.digest == other.digest
    assert cards[1].independent
    assert {ref.predictor for ref in cards[1].scorers} == {judge.digest}
    found = catalogue.finding_set(other.digest)
    assert judge.digest not in found.provenance.predictors


@pytest.mark.slow
def test_findings_are_looked_at_where_their_change_is_matched(memo: Memo) -> None:
    result, world = undisturbed("interfacegan", memo)
    card = Catalogue(world.store).scorecard(result.digest)
    assert not card.independent
    assert card.matched_samples == 64
    (at, further) = card.findings[0].matched
    assert (at.change_sd, further.change_sd) == (1, 2)
    assert at.effects_sd[card.findings[0].column] == pytest.approx(1, abs=0.15)
    assert at.frechet > 0 and at.log_density is not None and 0 < at.area < 1


@pytest.mark.slow
def test_short_steps_give_the_same_result(memo: Memo) -> None:
    expected, whole = undisturbed("interfacegan", memo)
    world = World(0, memo)
    job = world.start("interfacegan")
    world.drain()
    assert world.end(job) == expected
    ended = world.jobs.get(job.name)
    assert ended.fence > 20  # a step for every unit of work
    assert ended.attempt == 1
    assert world.scoring.units == whole.scoring.units


@pytest.mark.slow
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("method", METHODS)
def test_a_kill_at_any_write_changes_nothing(method: str, after: bool, memo: Memo) -> None:
    """SIGKILL around the writes of a job: same digest, at most one unit done again."""
    expected, whole = undisturbed(method, memo)
    total = whole.store.writes
    for deadly in range(1 + 2 * after, total + 1, 4 if method == "sefa" else 8):
        world = World(memo=memo)
        job = world.start(method)
        world.store.deadly = world.store.writes + deadly
        world.store.after = after
        try:
            world.drain()
        except Killed:
            world.recover()
        assert world.end(job) == expected
        again = sum((world.scoring.units - whole.scoring.units).values())
        assert again <= 1, f"killed at write {deadly}: {again} units computed again"


@pytest.mark.slow
def test_many_kills_of_one_job_change_nothing(memo: Memo) -> None:
    expected, _ = undisturbed("interfacegan", memo)
    world = World(memo=memo)
    job = world.start("interfacegan")
    kills = 0
    while not world.jobs.get(job.name).state.ended:
        world.store.deadly = world.store.writes + 12
        try:
            world.recover()
        except Killed:
            kills += 1
    assert world.end(job) == expected
    assert kills >= 4
    assert world.jobs.get(job.name).attempt in (kills, kills + 1)  # the last one may come late


@pytest.mark.slow
def test_nothing_is_listed_before_the_end(memo: Memo) -> None:
    _, whole = undisturbed("sefa", memo)
    for deadly in range(whole.store.writes // 2, whole.store.writes, 2):
        world = World(memo=memo)
        job = world.start("sefa")
        world.store.deadly = world.store.writes + deadly
        try:
            world.drain()
        except Killed:
            listed = Catalogue(world.store).finding_sets()
            if listed:  # then it is whole, with its scorecard
                assert Catalogue(world.store).scorecard(listed[0][1].digest)
        else:
            assert world.jobs.get(job.name).state.ended


@pytest.mark.slow
def test_populations_are_shared_by_jobs(memo: Memo) -> None:
    world = World(memo=memo)
    first = world.start("interfacegan", samples=2048)
    world.drain()
    before = world.scoring.units.copy()
    second = world.start("interfacegan", samples=3000)
    world.drain()
    new = world.scoring.units - before
    assert [unit[1:] for unit in new if unit[0] not in ("recipes", "pictures")] == [(2048, 952)]
    assert world.end(first).digest != world.end(second).digest


@pytest.mark.slow
def test_a_damaged_shard_is_computed_again(memo: Memo) -> None:
    expected, _ = undisturbed("interfacegan", memo)
    world = World(memo=memo)
    first = world.start("interfacegan")
    world.drain()
    (key, *_) = world.store.keys("scores/")
    world.store.inner.put(key, world.store.get(key)[:-1] + b"!")
    second = world.start("interfacegan")
    world.drain()
    assert world.end(first) == world.end(second) == expected


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"method": "nothing"}, "METHOD_NOT_FOUND"),
        ({"parameters": {"components": -1}}, "INVALID_FIELD"),
        ({"predictors": (), "method": "interfacegan", "parameters": {}}, "NEEDS_UNMET"),
    ],
)
def test_a_job_that_cannot_be_right_fails_with_its_reason(
    changes: dict[str, object], reason: str, memo: Memo
) -> None:
    world = World(memo=memo)
    spec = specification(world.store.inner, "sefa").model_copy(update=changes)
    job = world.jobs.create("default", spec)
    world.submitter.submit(job)
    world.drain()
    failed = world.jobs.get(job.name)
    assert failed.state is State.FAILED
    assert failed.error is not None
    assert failed.error.reason == reason
    with pytest.raises(FindingSetNotFound):
        Catalogue(world.store).finding_set("projects/default/findingSets/f0")


def test_the_worker_knows_nothing_of_a_model_that_is_not_there(memo: Memo) -> None:
    world = World(memo=memo)
    spec = specification(world.store.inner, "sefa")
    gone = spec.generator.model_copy(update={"digest": "0" * 64})
    job = world.jobs.create("default", spec.model_copy(update={"generator": gone}))
    world.submitter.submit(job)
    world.drain()
    assert world.jobs.get(job.name).error.reason == "MODEL_NOT_FOUND"


def test_cancellation_ends_a_job_and_leaves_nothing(memo: Memo) -> None:
    world = World(0, memo)
    job = world.start("interfacegan")
    world.steps.run(*world.submitter.queue.pop(0))
    assert world.jobs.cancel(job.name).state is State.CANCELLING
    world.drain()
    assert world.jobs.get(job.name).state is State.CANCELLED
    assert list(world.store.keys("checkpoints/")) == []
    assert Catalogue(world.store).finding_sets() == []


def test_a_cancellation_that_only_the_record_knows_is_heard_before_the_commit(memo: Memo) -> None:
    world = World(memo=memo)
    job = world.start("sefa")
    assert watched(world, memo, lambda: world.jobs.cancel(job.name)).units
    assert world.jobs.get(job.name).state is State.CANCELLED
    assert Catalogue(world.store).finding_sets() == []


@pytest.mark.slow
def test_a_stopping_worker_hands_over(memo: Memo) -> None:
    world = World(memo=memo)
    job = world.start("interfacegan")
    stopping = threading.Event()
    steps = Steps(
        world.jobs,
        world.leases,
        world.signals,
        world.submitter,
        lambda attempt: (stopping.set(), world.discoverer(attempt))[1],
        stopping=stopping,
    )
    steps.run(*world.submitter.queue.pop(0))
    left = world.jobs.get(job.name)
    assert (left.state, left.owner) == (State.RUNNING, "")
    assert world.submitter.queue == [(job.name, 1)]
    world.drain()
    assert world.jobs.get(job.name).attempt == 1
    assert world.end(job) == undisturbed("interfacegan", memo)[0]
