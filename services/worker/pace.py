"""Pace: how long a step goes on, and where it may end."""

import time

from services.worker.attempt import Attempt


class StepDone(Exception):
    """The step has taken its time; what is done is stored."""


class Pace:
    """A step ends between two units of work, after `seconds`, and not before it has done one."""

    def __init__(self, attempt: Attempt, seconds: float):
        self._attempt = attempt
        self._end = time.monotonic() + seconds
        self._units = 0

    def achieved(self) -> None:
        """A unit of work is stored."""
        self._units += 1
        self._attempt.achieved()

    def pause(self) -> None:
        """Raises StepDone after its time, and what `Attempt.check` raises."""
        self._attempt.check()
        if self._units and time.monotonic() >= self._end:
            raise StepDone
