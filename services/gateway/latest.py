"""Latest: reads a stream as fast as it comes and keeps the newest item only."""

import asyncio
from collections.abc import AsyncIterator
from typing import Generic, TypeVar

T = TypeVar("T")


class Latest(Generic[T]):
    """What has not been taken when a newer item arrives is dropped, and counted."""

    def __init__(self, source: AsyncIterator[T]):
        self._newest: list[T] = []
        self._dropped = 0
        self._changed = asyncio.Event()
        self._reader = asyncio.create_task(self._read(source))

    async def take(self) -> tuple[T, int] | None:
        """The newest item and how many were dropped since the one before; None at the end.

        Raises what the source raised, after the last whole item was taken.
        """
        while not self._newest and not self._reader.done():
            self._changed.clear()
            await self._changed.wait()
        if self._newest:
            dropped, self._dropped = self._dropped, 0
            return self._newest.pop(), dropped
        self._reader.result()
        return None

    async def close(self) -> None:
        self._reader.cancel()
        await asyncio.gather(self._reader, return_exceptions=True)

    async def _read(self, source: AsyncIterator[T]) -> None:
        try:
            async for item in source:
                self._dropped += len(self._newest)
                self._newest[:] = [item]
                self._changed.set()
        finally:
            # wakes `take` once this task is done
            asyncio.get_running_loop().call_soon(self._changed.set)
