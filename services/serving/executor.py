"""One thread for all model work: interactive before batch, equal work in one pass.

    submit -> queue of its priority -> (the thread is free) -> one pass -> every task's results

Greedy: whatever waits for the same key when the thread gets free runs together. A task whose
caller has gone leaves the queue without being run.
"""

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from time import perf_counter
from typing import Any

from services.sight import tracing
from services.sight.metrics import MODEL_SECONDS

LARGEST = 32
"""Items of several tasks that run in one pass."""

_WAIT, _PASS = MODEL_SECONDS.labels("wait"), MODEL_SECONDS.labels("pass")

Run = Callable[[Sequence[Any]], Sequence[Any]]
"""Takes items, returns one result an item."""


class Priority(IntEnum):
    INTERACTIVE = 0
    BATCH = 1


@dataclass
class Times:
    """Seconds: the longest wait of the tasks of one call, and the sum of their passes."""

    queue: float = 0.0
    compute: float = 0.0


@dataclass(eq=False)
class _Task:
    key: Hashable
    items: Sequence[Any]
    run: Run
    future: "asyncio.Future[Sequence[Any]]"
    loop: asyncio.AbstractEventLoop
    since: float
    began: float = 0.0
    ended: float = 0.0
    batch: int = 0
    """How many items its pass had."""


class PriorityExecutor:
    """Runs tasks in a thread of its own; `prepare` runs first in it (thread settings)."""

    def __init__(self, prepare: Callable[[], None] | None = None, largest: int = LARGEST):
        self._prepare = prepare
        self._largest = largest
        self._queues: tuple[deque[_Task], ...] = tuple(deque() for _ in Priority)
        self._changed = threading.Condition()
        self._running: Priority | None = None
        self._closed = False
        self._thread = threading.Thread(target=self._work, name="models", daemon=True)
        self._thread.start()

    async def submit(
        self,
        key: Hashable,
        items: Sequence[Any],
        run: Run,
        priority: Priority,
        times: Times | None = None,
    ) -> Sequence[Any]:
        """One result an item; `times` are added to.

        Tasks of one key may share a pass: `run` sees the items of all.

        Raises what `run` raises. Cancelling drops the task if it has not begun.
        """
        loop = asyncio.get_running_loop()
        task = _Task(key, items, run, loop.create_future(), loop, perf_counter())
        with tracing.span("pass") as span:
            with self._changed:
                self._queues[priority].append(task)
                self._changed.notify_all()
            try:
                return await task.future
            finally:
                if task.ended:
                    _note(task, span, times)

    def give_way(self, seconds: float = 0.05) -> None:
        """For work in other threads: waits while interactive tasks do, `seconds` at most."""
        with self._changed:
            self._changed.wait_for(
                lambda: (
                    self._running is not Priority.INTERACTIVE
                    and not self._queues[Priority.INTERACTIVE]
                ),
                seconds,
            )

    @property
    def alive(self) -> bool:
        return self._thread.is_alive()

    def close(self) -> None:
        """Ends the thread after the pass that it is in; what waits is cancelled."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._thread.join()
        for queue in self._queues:
            while queue:
                task = queue.popleft()
                _tell(task.loop, task.future.cancel)

    def _work(self) -> None:
        if self._prepare is not None:
            self._prepare()
        while True:
            tasks = self._next()
            if tasks is None:
                return
            if tasks:
                _pass(tasks)

    def _next(self) -> list[_Task] | None:
        with self._changed:
            self._running = None
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._closed or any(self._queues))
            if self._closed:
                return None
            self._running = next(level for level in Priority if self._queues[level])
            return self._take(self._queues[self._running])

    def _take(self, queue: "deque[_Task]") -> list[_Task]:
        """The oldest task and those of its key that fit; what was cancelled leaves."""
        waiting = [task for task in queue if not task.future.done()]
        queue.clear()
        if not waiting:
            return []
        taken, count = [waiting[0]], len(waiting[0].items)
        for task in waiting[1:]:
            if task.key == taken[0].key and count + len(task.items) <= self._largest:
                taken.append(task)
                count += len(task.items)
            else:
                queue.append(task)
        return taken


def _pass(tasks: list[_Task]) -> None:
    began = perf_counter()
    count = sum(len(task.items) for task in tasks)
    for task in tasks:
        task.began, task.batch = began, count
        _WAIT.observe(began - task.since)
    answers = _run(tasks)
    ended = perf_counter()
    for task in tasks:
        task.ended = ended
    _PASS.observe(ended - began)
    _settle_all(answers)


def _run(tasks: list[_Task]) -> "list[tuple[_Task, Sequence[Any] | BaseException]]":
    items = [item for task in tasks for item in task.items] if len(tasks) > 1 else tasks[0].items
    try:
        results = tasks[0].run(items)
    except BaseException as error:
        return [(task, error) for task in tasks]
    answers: list[tuple[_Task, Sequence[Any] | BaseException]] = []
    start = 0
    for task in tasks:
        answers.append((task, results[start : start + len(task.items)]))
        start += len(task.items)
    return answers


def _settle_all(answers: "list[tuple[_Task, Sequence[Any] | BaseException]]") -> None:
    """One wake-up of the loop a pass."""

    def settle() -> None:
        for task, answer in answers:
            if task.future.done():
                continue
            if isinstance(answer, BaseException):
                task.future.set_exception(answer)
            else:
                task.future.set_result(answer)

    _tell(answers[0][0].loop, settle)


def _tell(loop: asyncio.AbstractEventLoop, what: Callable[[], object]) -> None:
    if not loop.is_closed():
        loop.call_soon_threadsafe(what)


def _note(task: _Task, span: tracing.Span, times: Times | None) -> None:
    waited, took = task.began - task.since, task.ended - task.began
    if times is not None:
        times.queue, times.compute = max(times.queue, waited), times.compute + took
    span.set(
        items=len(task.items),
        batch=task.batch,
        queue_ms=round(1e3 * waited, 3),
        compute_ms=round(1e3 * took, 3),
    )
