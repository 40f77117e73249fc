"""Step: takes a job up under a lease, does a bounded piece of it and leaves it in a legal state."""

import logging
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from directrix.errors import (
    BrokerUnavailable,
    Cancelled,
    DirectrixError,
    Internal,
    Kind,
    LeaseLost,
    OperationNotFound,
    WorkerLost,
)
from services.jobs import Job, JobError, JobStore, Result, State, move
from services.jobs.durable import Clock, utc_now
from services.jobs.leases import Lease, Leases
from services.jobs.signals import Signals
from services.jobs.submitter import Submitter
from services.worker.attempt import Attempt, StepOver

_log = logging.getLogger(__name__)

ATTEMPTS = 10
"""Workers that may die of a job in a row without achieving anything."""
RETRIES = 30
"""Errors that may pass, in a row: with pauses of up to a minute that is about 25 minutes."""

PASSING = {Kind.UNAVAILABLE, Kind.EXHAUSTED, Kind.DEADLINE, Kind.UNAUTHENTICATED}
"""The last one because it is our own secret that serving refuses, while it is being exchanged."""

Work = Callable[[Attempt], Result | None]
"""Goes on with a job for a while; None where there is more to do."""


@dataclass(frozen=True)
class Steps:
    """Everything that a step needs; `run` is what the queue calls."""

    jobs: JobStore
    leases: Leases
    signals: Signals
    submitter: Submitter
    work: Work
    clean: Callable[[Job], None] = lambda job: None
    """Removes what an ended job has left behind; the reconciler does it again."""
    lease_seconds: float = 15.0
    stopping: threading.Event = field(default_factory=threading.Event)
    clock: Clock = utc_now

    def run(self, name: str, fence: int) -> None:
        """One step, unless the job has moved on since the message was sent or is being worked on.

        Raises nothing: what cannot be written down now is found by the reconciler later.
        """
        try:
            job = self.jobs.get(name)
            if job.state.ended or job.fence != fence or self.stopping.is_set():
                return
            lease = self.leases.take(name)
            if lease is None:
                _log.info("%s: somebody is at it", name)
                return
            self._hold(job, lease)
        except OperationNotFound:
            _log.warning("%s: no such operation", name)
        except DirectrixError as error:
            _log.warning("%s: left as it is: %s", name, error)

    def _hold(self, job: Job, lease: Lease) -> None:
        try:
            taken = self.jobs.update(job.name, partial(_take_up, fence=job.fence, lease=lease))
            job = taken if taken.state.ended else self._attempt(taken, lease)
        finally:
            with suppress(BrokerUnavailable):
                lease.release()
        if job.state.ended:
            self.signals.clear(job.name)
            self.clean(job)
        elif job.state is not State.WAITING_RETRY:
            self.submitter.submit(job)

    def _attempt(self, job: Job, lease: Lease) -> Job:
        """The record as this attempt leaves it."""
        with Attempt(
            job, lease, self.jobs, self.signals, self.lease_seconds, self.stopping
        ) as attempt:
            try:
                if job.state is State.CANCELLING:
                    return attempt.update(_cancel)
                result = self.work(attempt)
                return attempt.update(partial(_leave, result=result))
            except Cancelled:
                return attempt.update(_cancel)
            except StepOver:
                return attempt.update(partial(_leave, result=None))
            except LeaseLost:
                raise
            except DirectrixError as error:
                _log.warning("%s: %s: %s", job.name, error.reason, error)
                return attempt.update(partial(_fail, error=error, now=self.clock()))
            except Exception:
                _log.exception("%s: a defect", job.name)
                defect = Internal("the worker failed in a way that it should not; it is logged")
                return attempt.update(partial(_fail, error=defect, now=self.clock()))


def _take_up(job: Job, fence: int, lease: Lease) -> Job:
    """The next version of a record when a worker takes the job up; raises LeaseLost if late."""
    if job.state.ended or job.fence != fence:
        raise LeaseLost(f"operation {job.name} has moved on", name=job.name)
    crashed = job.owner != ""
    stalls = job.stalls + crashed
    if crashed and stalls >= ATTEMPTS and job.state is not State.CANCELLING:
        lost = WorkerLost(
            f"workers ended {stalls} times in a row without getting on with the operation",
            attempts=str(job.attempt),
        )
        return move(job, State.FAILED, error=JobError.of(lost), owner="", stalls=stalls)
    again = crashed or job.state in (State.QUEUED, State.WAITING_RETRY)
    changes = {
        "fence": job.fence + 1,
        "owner": lease.token,
        "attempt": job.attempt + again,
        "stalls": stalls,
        "retry_time": None,
    }
    if job.state is State.CANCELLING:
        return job.model_copy(update=changes)
    return move(job, State.RUNNING, **changes)


def _leave(job: Job, result: Result | None) -> Job:
    """Done, or handed over."""
    if result is None:
        return job.model_copy(update={"owner": ""})
    return move(job, State.SUCCEEDED, result=result, owner="")


def _cancel(job: Job) -> Job:
    # the flag may have been seen before the record says so
    if job.state is State.RUNNING:
        job = move(job, State.CANCELLING, cancel_requested=True)
    return move(job, State.CANCELLED, owner="")


def _fail(job: Job, error: DirectrixError, now: datetime) -> Job:
    if job.state is State.CANCELLING:
        return _cancel(job)
    if error.kind in PASSING and job.retries < RETRIES:
        return move(
            job,
            State.WAITING_RETRY,
            retries=job.retries + 1,
            retry_time=now + backoff(job.retries),
            progress=job.progress.model_copy(update={"note": error.message}),
            owner="",
        )
    return move(job, State.FAILED, error=JobError.of(error), owner="")


def backoff(retries: int) -> timedelta:
    """0.5 s, 1 s, 2 s ... up to a minute."""
    return timedelta(seconds=min(60.0, 0.5 * 2 ** min(retries, 10)))
