"""The model thread: interactive first, equal work together, nothing for callers that have gone."""

import asyncio
import threading
import time

import pytest

from services.serving.executor import Priority, PriorityExecutor, Times


class Work:
    """Remembers the passes that it ran; the first one waits until it is released."""

    def __init__(self) -> None:
        self.passes: list[list[object]] = []
        self.begun, self.released = threading.Event(), threading.Event()

    def run(self, items):
        self.passes.append(list(items))
        if len(self.passes) == 1:
            self.begun.set()
            self.released.wait(10)
        return [f"<{item}>" for item in items]

    async def occupy(self, executor: PriorityExecutor) -> asyncio.Task:
        """Keeps the thread busy with an item of its own."""
        task = asyncio.ensure_future(executor.submit("first", [0], self.run, Priority.BATCH))
        while not self.begun.is_set():
            await asyncio.sleep(0.001)
        return task

    def submit(self, executor, key, items, priority=Priority.INTERACTIVE) -> asyncio.Task:
        return asyncio.ensure_future(executor.submit(key, items, self.run, priority))


@pytest.fixture
def executor():
    executor = PriorityExecutor(largest=4)
    yield executor
    executor.close()
    assert not executor.alive


@pytest.fixture
def work():
    return Work()


def test_waiting_tasks_of_one_key_share_a_pass(executor, work):
    async def scenario():
        first = await work.occupy(executor)
        tasks = [work.submit(executor, "a", [1, 2]), work.submit(executor, "b", [3])]
        tasks += [work.submit(executor, "a", [4]), work.submit(executor, "a", [5, 6])]
        await asyncio.sleep(0.01)
        work.released.set()
        return [await task for task in [first, *tasks]]

    answers = asyncio.run(scenario())
    assert answers == [["<0>"], ["<1>", "<2>"], ["<3>"], ["<4>"], ["<5>", "<6>"]]
    assert work.passes == [[0], [1, 2, 4], [3], [5, 6]]


def test_interactive_work_goes_before_batch_work_that_came_first(executor, work):
    async def scenario():
        first = await work.occupy(executor)
        batch = [work.submit(executor, i, [f"batch {i}"], Priority.BATCH) for i in range(2)]
        interactive = work.submit(executor, "i", ["now"])
        await asyncio.sleep(0.01)
        work.released.set()
        await asyncio.gather(first, interactive, *batch)

    asyncio.run(scenario())
    assert work.passes == [[0], ["now"], ["batch 0"], ["batch 1"]]


def test_what_was_cancelled_is_not_run(executor, work):
    async def scenario():
        first = await work.occupy(executor)
        gone, stays = work.submit(executor, "a", [1]), work.submit(executor, "a", [2])
        await asyncio.sleep(0.01)
        gone.cancel()
        await asyncio.sleep(0)
        work.released.set()
        await first
        return await stays

    assert asyncio.run(scenario()) == ["<2>"]
    assert work.passes == [[0], [2]]


def test_an_error_reaches_its_own_task_and_the_thread_lives_on(executor):
    def fail(items):
        raise KeyError("of the work")

    async def scenario():
        with pytest.raises(KeyError):
            await executor.submit("a", [1], fail, Priority.INTERACTIVE)
        return await executor.submit("a", [1], list, Priority.INTERACTIVE)

    assert asyncio.run(scenario()) == [1]


def test_giving_way_lasts_as_long_as_interactive_work_does(executor, work):
    async def scenario():
        first = await work.occupy(executor)  # batch work: nobody gives way to it
        began = time.monotonic()
        executor.give_way(5)
        assert time.monotonic() - began < 1
        interactive = work.submit(executor, "i", [1])
        await asyncio.sleep(0.01)
        began = time.monotonic()
        executor.give_way(0.1)
        assert time.monotonic() - began >= 0.1
        work.released.set()
        await asyncio.gather(first, interactive)
        executor.give_way(5)
        assert time.monotonic() - began < 3

    asyncio.run(scenario())


def test_closing_cancels_what_waits(work):
    executor = PriorityExecutor()

    async def scenario():
        first = await work.occupy(executor)
        waiting = work.submit(executor, "a", [1])
        await asyncio.sleep(0.01)
        threading.Timer(0.05, work.released.set).start()
        executor.close()
        assert await first == ["<0>"]
        with pytest.raises(asyncio.CancelledError):
            await waiting

    asyncio.run(scenario())
    assert work.passes == [[0]]


def test_the_thread_is_prepared_before_its_first_work():
    names: list[str] = []
    executor = PriorityExecutor(lambda: names.append(threading.current_thread().name))
    asyncio.run(executor.submit("a", [1], list, Priority.BATCH))
    executor.close()
    assert names == ["models"]


def test_waiting_and_computing_are_told_apart(executor, work):
    async def scenario():
        first = await work.occupy(executor)
        times = Times()
        task = asyncio.ensure_future(
            executor.submit(
                "a", [1], lambda items: time.sleep(0.05) or items, Priority.BATCH, times
            )
        )
        await asyncio.sleep(0.1)
        work.released.set()
        await asyncio.gather(first, task)
        return times

    times = asyncio.run(scenario())
    assert times.queue >= 0.09
    assert times.compute >= 0.05
