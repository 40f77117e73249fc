"""Places: at most so many calls at once; the others wait for their turn, the oldest first.

For calls that keep a replica busy for seconds. Sent all at once they would be shared out before
anybody knows how long each takes, and one replica would idle while another still has some to do.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from directrix.errors import DeadlineExceeded
from services.gateway.deadlines import seconds_to


class Places:
    """count: calls at once."""

    def __init__(self, count: int):
        self._free = asyncio.Semaphore(count)

    @asynccontextmanager
    async def taken(self, deadline: float) -> AsyncGenerator[None, None]:
        """One of them, as long as the context lasts. Raises DeadlineExceeded."""
        try:
            async with asyncio.timeout(seconds_to(deadline)):
                await self._free.acquire()
        except TimeoutError as error:
            raise DeadlineExceeded("the call's time ran out before its work began") from error
        try:
            yield
        finally:
            self._free.release()
