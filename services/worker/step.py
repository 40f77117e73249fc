"""Step: takes a job up under a lease, does a bounded piece of it and leaves it in a legal state."""

import logging
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial

from directrix.errors import (
    BrokerUnavailable,
    BudgetExceeded,
    Cancelled,
    DirectrixError,
    Internal,
    LeaseLost,
    OperationNotFound,
)
from services.jobs import Job, JobStore, Result, State
from services.jobs.durable import Clock, utc_now
from services.jobs.leases import Lease, Leases
from services.jobs.signals import Signals
from services.jobs.submitter import Submitter
from services.jobs.transitions import cancel, fail, leave, take_up
from services.sight.metrics import STEP_SECONDS, timed
from services.trail.entry import NoTrail, Trail
from services.worker import counts
from services.worker.attempt import Attempt, StepOver
from services.worker.counts import ended
from services.worker.memory import bounded, is_refusal

_log = logging.getLogger(__name__)

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
    remember: Callable[[Job], None] = lambda job: None
    """Keeps what a job has cost that succeeded."""
    lease_seconds: float = 15.0
    stopping: threading.Event = field(default_factory=threading.Event)
    clock: Clock = utc_now
    trail: Trail = field(default_factory=NoTrail)

    def run(self, name: str, fence: int) -> None:
        """One step, unless the job has moved on since the message was sent or is being worked on.

        Raises nothing: what cannot be written down now is found by the reconciler later.
        """
        try:
            job = self.jobs.get(name)
            if job.state.ended:
                self.submitter.leave(job)
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
            change = partial(take_up, fence=job.fence, token=lease.token, now=self.clock())
            taken = self.jobs.update(job.name, change)
            counts.taken_up(job, taken)
            with timed(STEP_SECONDS):
                job = taken if taken.state.ended else self._attempt(taken, lease)
            counts.left(job)
            if job.state.ended:
                self.trail.record(job.project, ended(job))
        finally:
            with suppress(BrokerUnavailable):
                lease.release()
        if job.state is State.SUCCEEDED:
            self.remember(job)
        if job.state.ended:
            self.signals.clear(job.name)
            self.clean(job)
        if job.state.ended or job.state is State.WAITING_RETRY:
            self.submitter.leave(job)
        else:
            self.submitter.submit(job)

    def _attempt(self, job: Job, lease: Lease) -> Job:
        """The record as this attempt leaves it."""
        with Attempt(
            job, lease, self.jobs, self.signals, self.lease_seconds, self.stopping
        ) as attempt:
            try:
                if job.state is State.CANCELLING:
                    return attempt.update(cancel)
                with bounded(job.budget.memory_mb):
                    result = self.work(attempt)
                return attempt.update(partial(leave, result=result))
            except Cancelled:
                return attempt.update(cancel)
            except StepOver:
                return attempt.update(partial(leave, result=None))
            except LeaseLost:
                counts.lost()
                raise
            except DirectrixError as error:
                _log.warning("%s: %s: %s", job.name, error.reason, error)
                return attempt.update(partial(fail, error=error, now=self.clock()))
            except Exception as caught:
                if job.budget.memory_mb and is_refusal(caught):
                    refused = _refused(job.budget.memory_mb)
                    return attempt.update(partial(fail, error=refused, now=self.clock()))
                _log.exception("%s: a defect", job.name)
                defect = Internal("the worker failed in a way that it should not; it is logged")
                return attempt.update(partial(fail, error=defect, now=self.clock()))


def _refused(megabytes: int) -> BudgetExceeded:
    return BudgetExceeded(
        f"the budget of {megabytes} MB is spent: the job asked for more",
        budget="memory_mb",
        allowed=str(megabytes),
    )
