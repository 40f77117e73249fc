"""The batcher against a backend that ships with this file: sizes, order, fairness, refusal."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

import pytest

from directrix.errors import (
    DeadlineExceeded,
    DirectrixError,
    FindingMismatch,
    QueueFull,
    ServingUnavailable,
)
from services.gateway.batcher import Backend, Batcher

FAR = 1e9


class Doubling(Backend[str, int, int]):
    """Doubles numbers; holds every call until `open`; errors for negative ones."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, list[int]]] = []
        self.seconds: list[float] = []
        self.gate = asyncio.Event()
        self.cancelled = 0
        self.failure: Exception | None = None

    async def run(self, key: str, items: Sequence[int], seconds: float) -> list[Any]:
        self.calls.append((key, list(items)))
        self.seconds.append(seconds)
        try:
            await self.gate.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        if self.failure is not None:
            raise self.failure
        return [FindingMismatch("negative") if i < 0 else 2 * i for i in items]


def play(scene: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(asyncio.wait_for(scene(), 10))


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


def test_gathers_what_waits_and_keeps_order() -> None:
    async def scene() -> None:
        backend = Doubling()
        batcher = Batcher(backend, largest=4, slots=2)
        tasks = [asyncio.create_task(batcher.submit("k", i, FAR)) for i in range(11)]
        await settle()
        assert backend.calls == [("k", [0, 1, 2, 3]), ("k", [4, 5, 6, 7])]
        assert batcher.waiting == 3
        backend.gate.set()
        assert await asyncio.gather(*tasks) == [2 * i for i in range(11)]
        assert [len(items) for _, items in backend.calls] == [4, 4, 3]
        assert (batcher.counts.batches, batcher.counts.items) == (3, 11)
        await batcher.drain()

    play(scene)


def test_a_batch_holds_no_more_than_fits_into_its_message() -> None:
    async def scene() -> None:
        backend = Doubling()
        backend.gate.set()
        batcher = Batcher(backend, largest=4, fits=lambda key: {"large": 2, "vast": 0}.get(key, 9))
        keys = ["small"] * 5 + ["large"] * 5 + ["vast"] * 2
        await asyncio.gather(*(batcher.submit(key, 1, FAR) for key in keys))
        sizes = {key: [] for key in keys}
        for key, items in backend.calls:
            sizes[key].append(len(items))
        assert sizes == {"small": [4, 1], "large": [2, 2, 1], "vast": [1, 1]}

    play(scene)


def test_a_lone_item_leaves_at_once() -> None:
    async def scene() -> None:
        backend = Doubling()
        batcher = Batcher(backend)
        task = asyncio.create_task(batcher.submit("k", 21, FAR))
        await settle()
        assert backend.calls == [("k", [21])]
        backend.gate.set()
        assert await task == 42

    play(scene)


def test_keys_take_turns() -> None:
    async def scene() -> None:
        backend = Doubling()
        batcher = Batcher(backend, largest=2, slots=1)
        busy = [asyncio.create_task(batcher.submit("busy", i, FAR)) for i in range(8)]
        await settle()
        rare = [asyncio.create_task(batcher.submit("rare", i, FAR)) for i in range(2)]
        await settle()
        backend.gate.set()
        await asyncio.gather(*busy, *rare)
        assert [key for key, _ in backend.calls] == ["busy", "busy", "rare", "busy", "busy"]

    play(scene)


def test_full_queue_is_refused_with_a_hint() -> None:
    async def scene() -> None:
        backend = Doubling()
        batcher = Batcher(backend, largest=1, slots=1, most_waiting=2)
        first = asyncio.create_task(batcher.submit("k", 0, FAR))
        await settle()
        waiting = [asyncio.create_task(batcher.submit("k", i, FAR)) for i in (1, 2)]
        await settle()
        with pytest.raises(QueueFull) as caught:
            await batcher.submit("k", 3, FAR)
        assert float(caught.value.metadata["retry_seconds"]) > 0
        assert batcher.counts.refused == 1
        waiting[1].cancel()
        await settle()
        again = asyncio.create_task(batcher.submit("k", 5, FAR))  # the cancelled one made room
        backend.gate.set()
        assert await asyncio.gather(first, waiting[0], again) == [0, 2, 10]

    play(scene)


def test_cancelled_and_expired_items_are_not_sent() -> None:
    async def scene() -> None:
        now = [0.0]
        backend = Doubling()
        batcher = Batcher(backend, largest=8, slots=1, clock=lambda: now[0])
        first = asyncio.create_task(batcher.submit("k", 0, FAR))
        await settle()
        late = asyncio.create_task(batcher.submit("k", 1, 5.0))
        gone = asyncio.create_task(batcher.submit("k", 2, FAR))
        kept = asyncio.create_task(batcher.submit("k", 3, 20.0))
        await settle()
        gone.cancel()
        now[0] = 6.0
        backend.gate.set()
        assert (await first, await kept) == (0, 6)
        with pytest.raises(DeadlineExceeded):
            await late
        assert backend.calls == [("k", [0]), ("k", [3])]
        assert backend.seconds[1] == 14.0
        assert batcher.counts.dropped == 2
        with pytest.raises(DeadlineExceeded):
            await batcher.submit("k", 9, 6.0)

    play(scene)


def test_errors_are_each_items_own() -> None:
    async def scene() -> None:
        backend = Doubling()
        backend.gate.set()
        batcher = Batcher(backend)
        answers = await asyncio.gather(
            *(batcher.submit("k", i, FAR) for i in (1, -1, 2)), return_exceptions=True
        )
        assert (answers[0], answers[2]) == (2, 4)
        assert isinstance(answers[1], FindingMismatch)

    play(scene)


def test_a_failed_call_fails_its_items_and_the_next_is_served() -> None:
    async def scene() -> None:
        backend = Doubling()
        backend.gate.set()
        backend.failure = ServingUnavailable("down")
        batcher = Batcher(backend)
        answers = await asyncio.gather(
            *(batcher.submit("k", i, FAR) for i in (1, 2)), return_exceptions=True
        )
        assert [type(a) for a in answers] == [ServingUnavailable, ServingUnavailable]
        backend.failure = None
        assert await batcher.submit("k", 3, FAR) == 6

    play(scene)


def test_a_call_that_nobody_waits_for_is_cancelled() -> None:
    async def scene() -> None:
        backend = Doubling()
        batcher = Batcher(backend, slots=1)
        tasks = [asyncio.create_task(batcher.submit("k", i, FAR)) for i in (1, 2)]
        await settle()
        tasks[0].cancel()
        await settle()
        assert backend.cancelled == 0
        tasks[1].cancel()
        await settle()
        assert backend.cancelled == 1
        backend.gate.set()
        assert await batcher.submit("k", 4, FAR) == 8

    play(scene)


def test_answers_of_the_wrong_length_are_a_defect() -> None:
    class Short(Backend[str, int, int]):
        async def run(self, key: str, items: Sequence[int], seconds: float) -> list[int]:
            return []

    async def scene() -> None:
        with pytest.raises(DirectrixError) as caught:
            await Batcher(Short()).submit("k", 1, FAR)
        assert caught.value.reason == "INTERNAL"

    play(scene)
