"""A job whose worker is killed with SIGKILL, at random moments within units of work."""

import os
import random
import signal
import time
from collections.abc import Sequence

from directrix.client import Client, OperationHandle
from tests.benchmarks.system import System
from tests.benchmarks.undisturbed import Job, Wanted, outcome, start, worker_log_of
from tests.benchmarks.worker_log import Event, events, first_checkpoint, first_places

LONGEST_PAUSE = 3.0
"""Seconds into a unit of work at most."""
WORKER_SECONDS = 300.0
"""A bound, for a machine that is busy with other things: a dead worker is back."""
LOOK_SECONDS, ASK_SECONDS = 0.02, 1.0
"""How often the log is looked at, and how often the service is asked whether the job has ended."""
IN_A_ROW = 4
"""Kills without a new unit of work at most: a job whose workers die too often at once fails."""


class Victim:
    """One job; the systems that it suffers on follow one another on one folder."""

    def __init__(self, job: Job, wanted: Wanted, chance: random.Random):
        self.job, self.wanted = job, wanted
        self.kills: list[int] = []
        """The length of the log at each of them."""
        self.found: list[Event] = []
        """What it did, once it has ended."""
        self.differs: list[str] = []
        """What of the outcome is not as it should be."""
        self._chance = chance
        self._name = ""

    @property
    def kills_after_checkpoint(self) -> int:
        """How many came when something of the fit was stored."""
        first = self.found[first_checkpoint(self.found)].place
        return sum(kill > first for kill in self.kills)

    def places(self, due: int, early: int = 1, a_shard: int = 1) -> list[int]:
        """Units within which to kill: see the function."""
        return places(self.wanted.course, due, self._chance, early, a_shard)

    def suffer(self, system: System, client: Client, units: Sequence[int]) -> bool:
        """Starts the job where it is not yet, and kills in these units. False: it has ended."""
        handle = self._handle(client)
        killed = None
        for unit in units:
            self._wait_for_worker(system, killed)
            if not self._wait_for(unit, system, handle):
                return False
            time.sleep(self._pause(unit))
            killed = self._kill(system, handle)
        return True

    def end(self, system: System, client: Client) -> None:
        """Waits for its end and compares."""
        handle = self._handle(client)
        found = outcome(client, handle, self.job, self.wanted.patience)
        self.differs = found.differs(self.wanted.outcome)
        self.found = events(worker_log_of(system), handle.name)

    def _handle(self, client: Client) -> OperationHandle:
        handle = client.operation(self._name) if self._name else start(client, self.job)
        self._name = handle.name
        return handle

    def _wait_for(self, unit: int, system: System, handle: OperationHandle) -> bool:
        """Until so many units have begun, one of them since the last kill. False: it has ended.

        A unit within which the worker has died several times is let through first.
        """
        log, end = worker_log_of(system), time.monotonic() + self.wanted.patience
        asked, size = 0.0, -1
        while (now := time.monotonic()) < end:
            if now - asked > ASK_SECONDS:
                asked = now
                if handle.done():
                    return False
            before, size = size, log.stat().st_size
            if size != before and self._is_within(unit, events(log, handle.name)):
                return True
            time.sleep(LOOK_SECONDS)
        raise TimeoutError(f"{handle.name} does not go on: see {log}")

    def _is_within(self, unit: int, found: Sequence[Event]) -> bool:
        if not found or found[-1].place < (self.kills[-1] if self.kills else 0):
            return False
        begun = first_places(found).values()
        in_a_row = sum(kill > max(begun) for kill in self.kills)
        return len(begun) > unit and in_a_row < IN_A_ROW

    def _pause(self, unit: int) -> float:
        """A part of the time that the unit takes."""
        course = self.wanted.course
        takes = course[unit + 1].seconds - course[unit].seconds
        return self._chance.uniform(0.0, min(takes, LONGEST_PAUSE))

    def _kill(self, system: System, handle: OperationHandle) -> int:
        """The worker, at once; returns its process id. Counts where the job still ran."""
        pid = system.parts["worker"]
        os.kill(pid, signal.SIGKILL)
        length = worker_log_of(system).stat().st_size
        if not handle.done():
            self.kills.append(length)
        return pid

    def _wait_for_worker(self, system: System, killed: int | None) -> None:
        """Until its supervisor has brought it back."""
        end = time.monotonic() + WORKER_SECONDS
        while killed is not None and system.parts.get("worker", killed) == killed:
            if time.monotonic() > end:
                raise TimeoutError("the worker does not come back")
            time.sleep(0.05)


def places(
    course: Sequence[Event], due: int, chance: random.Random, early: int = 1, a_shard: int = 1
) -> list[int]:
    """Units within which to kill, by their number in an undisturbed course: `due` of them, or all
    that there are. Never the last one.

    early: at most so many come before the first checkpoint of the fit. a_shard: at most so many
    fall into one shard after it; one at most into a piece of the fit.
    """
    first = first_checkpoint(course)
    before = chance.sample(range(first), min(early, first, due))
    after = [
        unit
        for unit in range(first, len(course) - 1)
        for _ in range(1 if course[unit].is_checkpoint else a_shard)
    ]
    return [*sorted(before), *sorted(chance.sample(after, min(due - len(before), len(after))))]
