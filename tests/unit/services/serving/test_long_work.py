"""Searches end at their next step when nobody waits for them any more."""

import asyncio
import threading
import time
from collections.abc import Callable

import pytest

from directrix.errors import Cancelled
from services.serving.executor import PriorityExecutor
from services.serving.long_work import LongWork


class Search:
    """Steps until it is stopped; remembers how it ended."""

    def __init__(self) -> None:
        self.begun, self.ended = threading.Event(), threading.Event()
        self.error: Exception | None = None

    def run(self, stop: Callable[[], None]) -> None:
        self.begun.set()
        try:
            while True:
                stop()
                time.sleep(0.001)
        except Cancelled as error:
            self.error = error
            raise
        finally:
            self.ended.set()


@pytest.fixture
def executor():
    executor = PriorityExecutor()
    yield executor
    executor.close()


def test_a_search_gives_its_result(executor):
    work = LongWork(executor, lambda: None, 2)
    assert asyncio.run(work.run(lambda stop: (stop(), 5)[1])) == 5
    work.close()


def test_a_search_whose_caller_leaves_ends(executor):
    work, search = LongWork(executor, lambda: None, 2), Search()

    async def leave():
        task = asyncio.ensure_future(work.run(search.run))
        while not search.begun.is_set():
            await asyncio.sleep(0.001)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(leave())
    assert search.ended.wait(10)
    assert isinstance(search.error, Cancelled)
    work.close()


def test_closing_ends_every_search(executor):
    work, searches = LongWork(executor, lambda: None, 2), [Search(), Search(), Search()]

    async def close():
        tasks = [asyncio.ensure_future(work.run(search.run)) for search in searches]
        while not all(search.begun.is_set() for search in searches[:2]):
            await asyncio.sleep(0.001)
        await asyncio.to_thread(work.close)
        return await asyncio.gather(*tasks, return_exceptions=True)

    ends = asyncio.run(close())
    assert [type(end) for end in ends] == [Cancelled, Cancelled, asyncio.CancelledError]
    assert not searches[2].begun.is_set()
