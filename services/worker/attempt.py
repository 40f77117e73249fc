"""Attempt: one worker's hold on a job: the lease kept alive, cancellation heard, writes fenced,
and what it costs counted."""

import logging
import threading
import time
from types import TracebackType
from typing import Self

from directrix.errors import BrokerUnavailable, Cancelled, DirectrixError, LeaseLost
from services.jobs import Job, JobStore, Spent, Stage, State
from services.jobs.leases import Lease
from services.jobs.signals import Signals
from services.jobs.store import Change
from services.jobs.transitions import achieve
from services.worker.memory import resident_mb

_log = logging.getLogger(__name__)

TICK_SECONDS = 0.3
LOOK_SECONDS = 4.0
"""How often the durable record is asked for a cancellation, should the flag have been lost."""
REPORT_SECONDS = 0.2


def renewal_seconds(lease_seconds: float) -> float:
    """How often a lease is renewed: a broker that forgets it has it back after about this long."""
    return min(1.0, lease_seconds / 3)


class StepOver(Exception):
    """The worker is to stop: what is done is kept, somebody else goes on."""


class Attempt:
    """A context manager. job: the record as this attempt took it up, with its own fence.

    stopping: set when the worker is to stop. lease_seconds: how long the lease lives unrenewed.
    """

    def __init__(
        self,
        job: Job,
        lease: Lease,
        jobs: JobStore,
        signals: Signals,
        lease_seconds: float,
        stopping: threading.Event,
    ):
        self.job = job
        self._lease = lease
        self._jobs = jobs
        self._signals = signals
        self._lease_seconds = lease_seconds
        self._stopping = stopping
        self._lost = threading.Event()
        self._cancelled = threading.Event()
        self._left = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="lease", daemon=True)
        self._reported = 0.0
        self._progress = job.progress
        self._stalled = job.stalls + job.retries > 0
        self._began = time.monotonic()
        self._images = 0
        self._helped = 0.0
        self._memory_mb = 0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._left.set()
        self._thread.join()

    def check(self) -> None:
        """Cheap; to be called several times a second.

        Raises LeaseLost, Cancelled, StepOver, BudgetExceeded.
        """
        if self._lost.is_set():
            raise self._lease_lost()
        if self._cancelled.is_set():
            raise self._was_cancelled()
        if self._stopping.is_set():
            raise StepOver
        self.job.budget.check(self.spent)

    @property
    def spent(self) -> Spent:
        """By this attempt and by those before it that lived to write it down."""
        before = self.job.spent
        return before.model_copy(
            update={
                "seconds": round(before.seconds + time.monotonic() - self._began + self._helped, 6),
                "images": before.images + self._images,
                "memory_mb": max(before.memory_mb, self._memory_mb),
            }
        )

    def spend(self, images: int) -> None:
        """So many images were rendered or scored. Raises BudgetExceeded."""
        self._images += images
        self.job.budget.check(self.spent)

    def count_help(self) -> int:
        """What helpers have spent on the job so far counts as well. Images that they have scored
        since it was last asked. Raises BudgetExceeded."""
        before = self._images
        self._gather()
        self.job.budget.check(self.spent)
        return self._images - before

    def report(self, stage: Stage, done: int, total: int, note: str = "") -> None:
        """Live progress, a few times a second at most; checks too."""
        self.check()
        units = {"stage": stage, "done": done, "total": total, "note": note}
        self._progress = self._progress.model_copy(update=units)
        now = time.monotonic()
        if now - self._reported >= REPORT_SECONDS or done == total:
            self._reported = now
            self._signals.report(self.job.name, self._progress)

    def show(self, finding_set: str) -> None:
        """Progress names this finding set from now on: it can be read, though nobody lists it."""
        self._progress = self._progress.model_copy(update={"finding_set": finding_set})
        self._signals.report(self.job.name, self._progress)

    def update(self, change: Change) -> Job:
        """A durable write of this attempt, with the progress and the costs so far.

        Raises LeaseLost where another attempt has the job.
        """
        self._gather()
        progress = {"progress": self._progress, "spent": self.spent}
        return self._jobs.update(
            self.job.name, lambda job: change(self._own(job).model_copy(update=progress))
        )

    def confirm(self) -> None:
        """Asks the durable record, the last time before something becomes visible.

        Raises LeaseLost where the job is another attempt's now, Cancelled where it was cancelled.
        """
        if self._own(self._jobs.get(self.job.name)).state is State.CANCELLING:
            raise self._was_cancelled()

    def achieved(self) -> None:
        """Something costly is done and stored: earlier failures no longer count."""
        if self._stalled:
            self.update(achieve)
            self._stalled = False

    def _gather(self) -> None:
        helped = self._signals.helped(self.job.name)
        self._helped += helped.seconds
        self._images += helped.images

    def _own(self, job: Job) -> Job:
        if job.fence != self.job.fence or job.owner != self._lease.token:
            raise self._lease_lost()
        return job

    def _was_cancelled(self) -> Cancelled:
        return Cancelled(f"operation {self.job.name} was cancelled")

    def _lease_lost(self) -> LeaseLost:
        return LeaseLost(
            f"operation {self.job.name} is no longer this worker's",
            name=self.job.name,
            fence=str(self.job.fence),
        )

    def _watch(self) -> None:
        renewed = looked = time.monotonic()
        while not self._left.wait(TICK_SECONDS) and not self._lost.is_set():
            now = time.monotonic()
            self._memory_mb = max(self._memory_mb, resident_mb())
            if self._signals.cancel_requested(self.job.name):
                self._cancelled.set()
            if now - looked >= LOOK_SECONDS:
                looked = now
                self._look()
            if now - renewed >= renewal_seconds(self._lease_seconds) and self._renew():
                renewed = now
            if now - renewed > self._lease_seconds:
                self._lost.set()

    def _renew(self) -> bool:
        """Whether the lease has its whole time before it again."""
        try:
            if self._lease.renew(self._still_mine):
                return True
        except BrokerUnavailable:
            _log.warning("%s: the lease cannot be renewed for now", self.job.name)
            return False
        self._lost.set()
        return False

    def _still_mine(self) -> bool:
        try:
            self._own(self._jobs.get(self.job.name))
        except DirectrixError:
            return False
        return True

    def _look(self) -> None:
        try:
            if self._jobs.get(self.job.name).state is State.CANCELLING:
                self._cancelled.set()
        except DirectrixError as error:
            _log.warning("%s: the record cannot be read for now: %s", self.job.name, error)
