"""Steps leave jobs in legal states, whatever the work does and however late they are."""

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from directrix.errors import InvalidField, LeaseLost, ServingUnavailable, StoreUnavailable
from services.artifacts.memory import MemoryStore
from services.jobs import DiscoverySpec, Job, JobResult, ModelRef, Stage, State
from services.jobs.durable import DurableJobStore
from services.jobs.leases import MemoryLeases
from services.jobs.signals import MemorySignals
from services.jobs.submitter import MemorySubmitter
from services.jobs.transitions import ATTEMPTS, RETRIES, backoff
from services.worker.attempt import Attempt
from services.worker.reconciler import Reconciler
from services.worker.step import Steps, Work

SPEC = DiscoverySpec(
    generator=ModelRef(name="projects/default/models/g", digest="a" * 64), method="sefa"
)
RESULT = JobResult(finding_set="projects/default/findingSets/f1", digest="1", count=1, scored=False)


class Desk:
    """A worker's surroundings, with a clock that is turned by hand."""

    def __init__(self, work: Work):
        self.now = datetime(2026, 1, 1, tzinfo=UTC)
        self.seconds = 0.0
        self.jobs = DurableJobStore(MemoryStore(), clock=lambda: self.now)
        self.leases = MemoryLeases(1.0)
        self.signals = MemorySignals()
        self.submitter = MemorySubmitter()
        self.cleaned: list[str] = []
        self.steps = Steps(
            self.jobs,
            self.leases,
            self.signals,
            self.submitter,
            work,
            lambda job: self.cleaned.append(job.name),
            lease_seconds=1.0,
            clock=lambda: self.now,
        )
        self.reconciler = Reconciler(
            self.jobs,
            self.leases,
            self.signals,
            self.submitter,
            lambda job: self.cleaned.append(job.name),
            lambda: self.now,
            timedelta(seconds=2),
            lambda: self.seconds,
        )
        self.job = self.jobs.create("default", SPEC)

    def run(self, fence: int | None = None) -> Job:
        current = self.jobs.get(self.job.name)
        self.steps.run(self.job.name, current.fence if fence is None else fence)
        return self.jobs.get(self.job.name)


def fail(error: Exception) -> Work:
    def work(attempt: Attempt) -> JobResult | None:
        raise error

    return work


def test_success() -> None:
    desk = Desk(lambda attempt: RESULT)
    done = desk.run()
    assert (done.state, done.result, done.owner) == (State.SUCCEEDED, RESULT, "")
    assert (done.attempt, done.fence) == (1, 1)
    assert desk.cleaned == [done.name]
    assert desk.submitter.queue == []
    assert not desk.leases.held(done.name)


def test_more_to_do_is_handed_on_with_the_new_fence() -> None:
    desk = Desk(lambda attempt: None)
    left = desk.run()
    assert (left.state, left.owner, left.attempt) == (State.RUNNING, "", 1)
    assert desk.submitter.queue == [(left.name, 1)]
    assert desk.run().attempt == 1


def test_a_late_message_is_passed_over() -> None:
    desk = Desk(lambda attempt: None)
    desk.run()
    desk.submitter.queue.clear()
    assert desk.run(fence=0).fence == 1
    assert desk.run(fence=7).fence == 1
    assert desk.submitter.queue == []
    desk.steps.run("projects/default/operations/nothing", 0)


def test_a_job_that_somebody_is_at_is_left_alone() -> None:
    desk = Desk(lambda attempt: RESULT)
    assert desk.leases.take(desk.job.name) is not None
    assert desk.run().state is State.QUEUED


def test_an_error_that_may_pass_is_tried_again_later() -> None:
    desk = Desk(fail(ServingUnavailable("no replica")))
    waiting = desk.run()
    assert waiting.state is State.WAITING_RETRY
    assert waiting.retry_time == desk.now + timedelta(seconds=0.5)
    assert waiting.progress.note == "no replica"
    assert desk.submitter.queue == []
    assert desk.reconciler.look() == []
    desk.now += timedelta(seconds=1)
    assert desk.reconciler.look() == [waiting.name]
    assert desk.run().attempt == 2


def test_a_clock_that_is_set_back_does_not_put_off_the_next_try() -> None:
    desk = Desk(fail(ServingUnavailable("no replica")))
    waiting = desk.run()
    desk.submitter.queue.clear()
    desk.now -= timedelta(minutes=14)
    assert desk.reconciler.look() == [waiting.name]


def test_an_error_that_does_not_pass_ends_the_job() -> None:
    desk = Desk(fail(ServingUnavailable("no replica")))
    for _ in range(RETRIES):
        assert desk.run().state is State.WAITING_RETRY
    failed = desk.run()
    assert failed.state is State.FAILED
    assert failed.error is not None
    assert failed.error.reason == "SERVING_UNAVAILABLE"


@pytest.mark.parametrize(
    ("error", "reason", "message"),
    [
        (InvalidField("too small", field="x"), "INVALID_FIELD", "too small"),
        (
            ValueError("/secret/path"),
            "INTERNAL",
            "the worker failed in a way that it should not; it is logged",
        ),
    ],
)
def test_other_errors_end_the_job_with_their_reason(
    error: Exception, reason: str, message: str
) -> None:
    failed = Desk(fail(error)).run()
    assert failed.state is State.FAILED
    assert failed.error is not None
    assert (failed.error.reason, failed.error.message) == (reason, message)


def test_a_job_that_kills_workers_ends() -> None:
    class Killed(BaseException):
        pass

    def die(attempt: Attempt) -> JobResult | None:
        raise Killed

    desk = Desk(die)
    for _ in range(ATTEMPTS):
        with pytest.raises(Killed):
            desk.run()
        desk.leases.lose()
    failed = desk.run()
    assert failed.state is State.FAILED
    assert failed.error is not None
    assert failed.error.reason == "WORKER_LOST"
    assert failed.attempt == ATTEMPTS


def test_what_was_achieved_makes_earlier_failures_good() -> None:
    def work(attempt: Attempt) -> JobResult | None:
        attempt.achieved()
        raise ServingUnavailable("no replica")

    desk = Desk(work)
    for _ in range(RETRIES + 5):
        assert desk.run().retries == 1


def test_a_stale_worker_writes_nothing() -> None:
    """It lost its lease in a pause; another worker has done the job since."""

    def work(attempt: Attempt) -> JobResult | None:
        if attempt.job.attempt == 1:
            desk.leases.lose()
            desk.run()
        return RESULT.model_copy(update={"count": attempt.job.attempt})

    desk = Desk(work)
    done = desk.run()
    assert done.state is State.SUCCEEDED
    assert done.result is not None
    assert done.result.count == 2


def until(attempt: Attempt, what: Callable[[], object]) -> None:
    what()
    for _ in range(200):
        attempt.report(Stage.FIT, 1, 2)
        time.sleep(0.02)


def test_cancellation_stops_the_work_within_a_second() -> None:
    desk = Desk(lambda attempt: until(attempt, lambda: desk.signals.request_cancel(desk.job.name)))
    began = time.monotonic()
    assert desk.run().state is State.CANCELLED
    assert time.monotonic() - began < 1
    assert desk.cleaned == [desk.job.name]


def test_a_lost_lease_stops_the_work() -> None:
    def steal() -> None:
        desk.leases.lose()
        assert desk.leases.take(desk.job.name)
        desk.jobs.update(desk.job.name, lambda j: j.model_copy(update={"fence": 9, "owner": "x"}))

    seen: list[Exception] = []

    def work(attempt: Attempt) -> JobResult | None:
        try:
            until(attempt, steal)
        except LeaseLost as error:
            seen.append(error)
            raise

    desk = Desk(work)
    left = desk.run()
    assert len(seen) == 1
    assert (left.state, left.fence, left.owner) == (State.RUNNING, 9, "x")


def test_a_forgotten_lease_is_taken_again() -> None:
    def work(attempt: Attempt) -> JobResult | None:
        desk.leases.lose()
        end = time.monotonic() + 3
        while not desk.leases.held(desk.job.name) and time.monotonic() < end:
            attempt.check()
            time.sleep(0.02)
        return RESULT

    desk = Desk(work)
    assert desk.run().state is State.SUCCEEDED


def test_a_stopping_worker_takes_nothing_up() -> None:
    desk = Desk(lambda attempt: RESULT)
    desk.steps.stopping.set()
    assert desk.run().state is State.QUEUED


def test_a_store_out_of_reach_leaves_the_job_to_the_reconciler() -> None:
    desk = Desk(fail(StoreUnavailable("no store")))
    assert desk.run().state is State.WAITING_RETRY


def test_the_reconciler_finds_what_nobody_is_at() -> None:
    desk = Desk(lambda attempt: None)
    name = desk.job.name
    assert desk.reconciler.look() == [name]
    assert desk.reconciler.look() == []  # it waits in the queue
    desk.submitter.queue.clear()
    lease = desk.leases.take(name)
    assert lease is not None
    assert desk.reconciler.look() == []  # somebody is at it
    lease.release()
    desk.jobs.update(name, lambda j: j.model_copy(update={"owner": "dead", "fence": 4}))
    assert desk.reconciler.look() == []  # perhaps the broker only forgot its lease
    desk.now -= timedelta(hours=1)  # clocks that are set change nothing
    assert desk.reconciler.look() == []
    desk.seconds += 3
    assert desk.reconciler.look() == [name]
    assert desk.submitter.queue == [(name, 4)]


def test_the_reconciler_tidies_up_after_a_minute() -> None:
    desk = Desk(lambda attempt: RESULT)
    desk.run()
    desk.cleaned.clear()
    desk.reconciler.look()
    assert [job.name for job in desk.jobs.active()] == [desk.job.name]
    desk.now += timedelta(seconds=61)
    assert desk.reconciler.look() == []
    assert list(desk.jobs.active()) == []
    assert desk.cleaned == [desk.job.name]
    assert desk.jobs.get(desk.job.name).state is State.SUCCEEDED


def test_the_reconciler_runs_until_it_is_told_to_stop() -> None:
    desk = Desk(lambda attempt: None)
    stopping = threading.Event()
    thread = threading.Thread(target=desk.reconciler.run, args=(0.01, stopping))
    thread.start()
    end = time.monotonic() + 5
    while not desk.submitter.queue and time.monotonic() < end:
        time.sleep(0.01)
    stopping.set()
    thread.join(5)
    assert desk.submitter.queue == [(desk.job.name, 0)]
    assert not desk.leases.held("reconciler")


def test_pauses_grow_up_to_a_minute() -> None:
    assert [backoff(n).total_seconds() for n in (0, 1, 2, 7, 50)] == [0.5, 1, 2, 60, 60]
