"""Work of many small steps, in threads of its own, that gives way to what is interactive."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import TypeVar

from directrix.errors import Cancelled
from services.serving.executor import PriorityExecutor

R = TypeVar("R")
Stop = Callable[[], None]
"""Called between steps: waits while others are served, raises Cancelled when nobody waits."""


class LongWork:
    """Explanations and inversions, at most `threads` at once; the others wait for their turn."""

    def __init__(self, executor: PriorityExecutor, prepare: Callable[[], None], threads: int):
        self._executor = executor
        self._pool = ThreadPoolExecutor(threads, "long", initializer=prepare)
        self._closed = threading.Event()

    async def run(self, work: Callable[[Stop], R]) -> R:
        """What `work` returns. Cancelling ends it at its next step."""
        gone = threading.Event()

        def stop() -> None:
            self._executor.give_way()
            if gone.is_set() or self._closed.is_set():
                raise Cancelled("nobody waits for the answer any more")

        try:
            return await asyncio.get_running_loop().run_in_executor(
                self._pool, copy_context().run, work, stop
            )
        finally:
            gone.set()

    def close(self) -> None:
        self._closed.set()
        self._pool.shutdown(wait=True, cancel_futures=True)
