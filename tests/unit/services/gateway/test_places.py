"""At most so many at once, in the order in which they came."""

import asyncio
import time
from collections.abc import Coroutine

import pytest

from directrix.errors import DeadlineExceeded
from services.gateway.places import Places

SOON, LATE = 0.05, 30.0


class Calls:
    """Calls that take a place and keep it until they are let go."""

    def __init__(self, count: int):
        self.places = Places(count)
        self.began: list[str] = []
        self.doors: dict[str, asyncio.Event] = {}

    async def call(self, name: str, seconds: float = LATE) -> None:
        door = self.doors[name] = asyncio.Event()
        async with self.places.taken(time.monotonic() + seconds):
            self.began.append(name)
            await door.wait()

    async def start(self, *names: str) -> list["asyncio.Task[None]"]:
        tasks = [asyncio.create_task(self.call(name)) for name in names]
        await settled()
        return tasks


def run(scene: Coroutine[object, object, None]) -> None:
    asyncio.run(asyncio.wait_for(scene, 10))


async def settled() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


def test_the_others_wait_and_the_oldest_goes_first() -> None:
    async def scene() -> None:
        calls = Calls(2)
        tasks = await calls.start("a", "b", "c", "d")
        assert calls.began == ["a", "b"]
        calls.doors["b"].set()
        await settled()
        assert calls.began == ["a", "b", "c"]
        for door in calls.doors.values():
            door.set()
        await asyncio.gather(*tasks)
        assert calls.began == ["a", "b", "c", "d"]

    run(scene())


def test_who_leaves_gives_the_place_back_and_who_waits_leaves_without_one() -> None:
    async def scene() -> None:
        calls = Calls(1)
        holder, waiting, last = await calls.start("a", "b", "c")
        waiting.cancel()
        await settled()
        assert calls.began == ["a"]
        holder.cancel()
        await settled()
        assert calls.began == ["a", "c"]
        calls.doors["c"].set()
        await last
        await asyncio.gather(holder, waiting, return_exceptions=True)

    run(scene())


def test_an_error_gives_the_place_back() -> None:
    async def scene() -> None:
        places = Places(1)
        for _ in range(3):
            with pytest.raises(ValueError):
                async with places.taken(time.monotonic() + LATE):
                    raise ValueError

    run(scene())


def test_a_deadline_ends_the_wait_and_takes_no_place() -> None:
    async def scene() -> None:
        calls = Calls(1)
        (holder,) = await calls.start("a")
        with pytest.raises(DeadlineExceeded):
            await calls.call("b", SOON)
        with pytest.raises(DeadlineExceeded):
            await calls.call("b", -1.0)
        calls.doors["a"].set()
        await holder
        (last,) = await calls.start("c")
        assert calls.began == ["a", "c"]
        calls.doors["c"].set()
        await last

    run(scene())
