"""Holding: an accepted call outlives the replica that it was sent to.

A replica that is replaced, or dies, takes along what it was computing. All of it can be asked for
again, so it is, until a replica answers or the call's time is nearly over: then the caller hears
UNAVAILABLE and when to try again, while there is still somebody to hear it.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from directrix.errors import DirectrixError, QueueFull, ServingUnavailable
from services.gateway.deadlines import seconds_to

R = TypeVar("R")

PASSING = (ServingUnavailable, QueueFull)
"""What a call meets while replicas go and come: of those that come back together, some find the
queue full."""
PAUSE = 0.2
"""Seconds between attempts."""
MARGIN = 1.0
"""Seconds before its deadline at which a call is given up; at most a tenth of the time it had."""


LATE = "no replica answered in the call's time"


class Hold:
    """Of one call. seconds: after its first failure it is held no longer than this."""

    def __init__(self, deadline: float, seconds: float):
        self._seconds = seconds
        self._until = deadline - min(MARGIN, (deadline - time.monotonic()) / 10)
        self._held = False

    @property
    def seconds(self) -> float:
        """Until it is given up."""
        return self._until - time.monotonic()

    async def wait(self, error: DirectrixError) -> None:
        """A pause before the next attempt. Raises ServingUnavailable where there is none, and
        QueueFull where that was the first answer: overload is refused early."""
        now = time.monotonic()
        if not self._held:
            if isinstance(error, QueueFull):
                raise error
            self._held = True
            self._until = min(self._until, now + self._seconds)
        if now + PAUSE >= self._until:
            if isinstance(error, ServingUnavailable):
                raise error
            raise ServingUnavailable(LATE) from error
        await asyncio.sleep(PAUSE)


@dataclass(frozen=True)
class Holding:
    """seconds: for which a call is held at most, whatever its deadline; 0: not at all."""

    seconds: float = 30.0

    def begin(self, deadline: float) -> Hold:
        return Hold(deadline, self.seconds)

    async def answer(self, call: Callable[[], Awaitable[R]], deadline: float) -> R:
        """What `call` answers, made again while replicas are away.

        Raises ServingUnavailable shortly before `deadline`, and whatever else `call` raises.
        """
        hold = self.begin(deadline)
        while True:
            try:
                return await call()
            except PASSING as error:
                await hold.wait(error)

    async def prompt(self, call: Callable[[], Awaitable[R]], deadline: float) -> R:
        """As `answer`, of a call that takes no time but that in which it waits: for a replica, or
        for others that wait too. Shortly before `deadline` that ends as ServingUnavailable. Raises
        DeadlineExceeded where the call came without time.
        """
        seconds_to(deadline)
        try:
            async with asyncio.timeout(self.begin(deadline).seconds):
                return await self.answer(call, deadline)
        except TimeoutError as error:
            raise ServingUnavailable(LATE) from error
