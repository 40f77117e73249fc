"""Latest wins: what was not taken in time is dropped and counted, the last is always taken."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from directrix.errors import InvalidField
from services.gateway.latest import Latest


async def numbers(count: int, error: Exception | None = None) -> AsyncIterator[int]:
    for i in range(count):
        yield i
    if error is not None:
        raise error


async def settle() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


def test_the_newest_is_taken_and_the_rest_counted() -> None:
    async def scene() -> None:
        latest = Latest(numbers(5))
        await settle()
        assert await latest.take() == (4, 4)
        assert await latest.take() is None
        await latest.close()

    asyncio.run(scene())


def test_nothing_is_dropped_where_the_taker_keeps_up() -> None:
    async def scene() -> None:
        queue: asyncio.Queue[int] = asyncio.Queue()

        async def fed() -> AsyncIterator[int]:
            for _ in range(3):
                yield await queue.get()

        latest = Latest(fed())
        for i in range(3):
            queue.put_nowait(i)
            assert await latest.take() == (i, 0)
        assert await latest.take() is None
        await latest.close()

    asyncio.run(scene())


def test_an_error_comes_after_the_last_whole_item() -> None:
    async def scene() -> None:
        latest = Latest(numbers(2, InvalidField("bad")))
        await settle()
        assert await latest.take() == (1, 1)
        with pytest.raises(InvalidField):
            await latest.take()
        await latest.close()

    asyncio.run(scene())


def test_closing_stops_the_reading() -> None:
    async def scene() -> None:
        async def endless() -> AsyncIterator[int]:
            yield 1
            await asyncio.Event().wait()

        latest = Latest(endless())
        assert await latest.take() == (1, 0)
        await asyncio.wait_for(latest.close(), 1)

    asyncio.run(scene())
