"""Reconciler: finds jobs that nobody is at and nobody will be, and puts them into the queue.

It makes up for whatever was lost: a worker killed in the middle, a queue that forgot everything,
a gateway that died between writing the record and sending the message. One at a time runs, under
a lease of its own; a second one changes nothing but the load.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import timedelta

from directrix.errors import DirectrixError
from services.jobs import Job, JobStore, State
from services.jobs.durable import Clock, utc_now
from services.jobs.leases import Lease, Leases
from services.jobs.signals import Signals
from services.jobs.submitter import Submitter
from services.jobs.transitions import waits
from services.sight.metrics import JOBS_OUTSTANDING, REQUEUED, States

_log = logging.getLogger(__name__)

LEASE = "reconciler"
_OUTSTANDING = States(JOBS_OUTSTANDING)
SETTLED = timedelta(seconds=60)
"""Ended jobs are tidied up after this: no writer is still under way with an old version."""


@dataclass(frozen=True)
class Reconciler:
    """clean: removes what an ended job has left behind.

    grace: how long the lease of a job that somebody had must be gone before the job counts as
    abandoned. A broker that forgets everything forgets leases too; their holders, if they are
    alive, take them again within this time. monotonic: seconds that clocks which are set do not
    change.
    """

    jobs: JobStore
    leases: Leases
    signals: Signals
    submitter: Submitter
    clean: Callable[[Job], None]
    clock: Clock = utc_now
    grace: timedelta = timedelta(0)
    monotonic: Callable[[], float] = time.monotonic
    _gone: dict[str, float] = field(default_factory=dict, init=False)
    """By job: when its lease was first seen to be gone."""

    def run(self, seconds: float, stopping: threading.Event) -> None:
        """Looks every `seconds` until `stopping`; failures are logged and tried again."""
        lease: Lease | None = None
        while not stopping.wait(seconds):
            try:
                if lease is None or not lease.renew(lambda: True):
                    lease = self.leases.take(LEASE)
                if lease is not None:
                    self.look()
                else:
                    _OUTSTANDING.forget()  # another worker counts them
            except DirectrixError as error:
                _log.warning("reconciler: %s", error)
            except Exception:
                _log.exception("reconciler: a defect")
        if lease is not None:
            _release(lease)

    def look(self) -> list[str]:
        """One round; returns the names of the jobs put into the queue."""
        waiting = self.submitter.waiting()
        queued = []
        active = list(self.jobs.active())
        _OUTSTANDING.show(outstanding(active))
        for name in self._gone.keys() - {job.name for job in active}:
            del self._gone[name]
        for job in active:
            if job.state.ended:
                self._tidy(job)
            elif self._lost(job, waiting):
                _log.info("%s: nobody is at it (%s): queued again", job.name, job.state)
                self.submitter.submit(job)
                REQUEUED.inc()
                queued.append(job.name)
        return queued

    def _lost(self, job: Job, waiting: set[str]) -> bool:
        if waits(job, self.clock()):
            return False
        if job.name in waiting or self.leases.held(job.name):
            self._gone.pop(job.name, None)
            return False
        now = self.monotonic()
        gone = now - self._gone.setdefault(job.name, now)
        if job.owner and gone < self.grace.total_seconds():
            return False
        self._gone.pop(job.name, None)
        return True

    def _tidy(self, job: Job) -> None:
        if self.clock() - job.update_time < SETTLED:
            return
        self.clean(job)
        self.signals.clear(job.name)
        self.jobs.tidy(job.name)


def outstanding(jobs: Iterable[Job]) -> dict[str, int]:
    """How many jobs there are in each state in which a job has not ended."""
    counts = {state.value: 0 for state in State if not state.ended}
    for job in jobs:
        if not job.state.ended:
            counts[job.state.value] += 1
    return counts


def _release(lease: Lease) -> None:
    try:
        lease.release()
    except DirectrixError as error:
        _log.warning("reconciler: %s", error)
