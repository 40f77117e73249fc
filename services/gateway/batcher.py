"""Batcher: gathers what is waiting for one key into one call. Greedy: no timer ever waits.

    submit -> queue of its key -> (a slot is free) -> one batch -> Backend.run -> each item's answer

Keys take turns; within a key the oldest goes first. What was cancelled or has run out of time
leaves the queue without being sent. Knows nothing of gRPC.
"""

import asyncio
import time
from abc import ABC, abstractmethod
from collections import OrderedDict, deque
from collections.abc import Callable, Hashable, Sequence
from contextvars import Context, copy_context
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from directrix.errors import DeadlineExceeded, DirectrixError, Internal, QueueFull
from services.sight import tracing
from services.sight.metrics import BATCH_IMAGES, EDIT_STAGE

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")
R = TypeVar("R")


_QUEUE = EDIT_STAGE.labels("queue")


class Backend(ABC, Generic[K, T, R]):
    """What a batch is sent to."""

    @abstractmethod
    async def run(self, key: K, items: Sequence[T], seconds: float) -> Sequence[R | DirectrixError]:
        """One answer or error an item, in order; `seconds` is the longest that any may wait."""


@dataclass(eq=False)
class _Entry(Generic[T, R]):
    item: T
    deadline: float
    since: float
    future: "asyncio.Future[R]"
    context: Context = field(default_factory=copy_context)
    """Of its caller: a batch runs in that of its first item."""
    queued: bool = True
    batch: "_Batch | None" = None


@dataclass(eq=False)
class _Batch:
    live: int
    task: "asyncio.Task[None] | None" = None


@dataclass
class BatchCounts:
    """What went through, since the start."""

    batches: int = 0
    items: int = 0
    dropped: int = 0
    """Cancelled or expired before they were sent."""
    refused: int = 0


@dataclass
class Batcher(Generic[K, T, R]):
    """largest: items a batch at most. slots: batches in flight. most_waiting: items that may wait.

    fits: how many items of a key fit into one message. clock: seconds, as `time.monotonic`. Lives
    in one event loop.
    """

    backend: Backend[K, T, R]
    largest: int = 16
    slots: int = 2
    most_waiting: int = 512
    fits: Callable[[K], int] = lambda key: 2**31
    clock: Callable[[], float] = time.monotonic
    counts: BatchCounts = field(default_factory=BatchCounts)

    def __post_init__(self) -> None:
        self._queues: OrderedDict[K, deque[_Entry[T, R]]] = OrderedDict()
        self._waiting = 0
        self._running: set[asyncio.Task[None]] = set()
        self._scheduled = False
        self._pace = 0.01  # seconds an item, smoothed: what the retry hint is made of

    @property
    def waiting(self) -> int:
        return self._waiting

    async def submit(self, key: K, item: T, deadline: float) -> R:
        """The answer to one item; `deadline` is in `clock`'s seconds.

        Raises QueueFull, DeadlineExceeded, and whatever the backend answers for this item.
        """
        self._admit(deadline)
        future: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        entry = _Entry(item, deadline, self.clock(), future)
        self._queues.setdefault(key, deque()).append(entry)
        self._waiting += 1
        self._schedule()
        try:
            return await entry.future
        except asyncio.CancelledError:
            self._forget(entry)
            raise

    async def drain(self) -> None:
        """Returns when nothing waits and nothing runs."""
        while self._waiting or self._running:
            self._pump()
            await asyncio.wait(set(self._running) or {asyncio.ensure_future(asyncio.sleep(0))})

    def _admit(self, deadline: float) -> None:
        if self.clock() >= deadline:
            raise DeadlineExceeded("the call's time ran out before its work began")
        if self._waiting >= self.most_waiting:
            self.counts.refused += 1
            seconds = min(max(self._waiting * self._pace, 0.05), 10.0)
            raise QueueFull(
                f"{self._waiting} images wait already; try again in {seconds:.2f} s",
                retry_seconds=f"{seconds:.2f}",
            )

    def _schedule(self) -> None:
        # What arrives in one turn of the loop leaves together.
        if not self._scheduled and len(self._running) < self.slots:
            self._scheduled = True
            asyncio.get_running_loop().call_soon(self._pump)

    def _pump(self) -> None:
        self._scheduled = False
        while self._queues and len(self._running) < self.slots:
            key, queue = next(iter(self._queues.items()))
            entries = self._take(queue, max(1, min(self.largest, self.fits(key))))
            if queue:
                self._queues.move_to_end(key)
            else:
                del self._queues[key]
            if entries:
                self._start(key, entries)

    def _take(self, queue: "deque[_Entry[T, R]]", most: int) -> list[_Entry[T, R]]:
        taken: list[_Entry[T, R]] = []
        now = self.clock()
        while queue and len(taken) < most:
            entry = queue.popleft()
            if not entry.queued:
                continue  # cancelled while it waited, and counted then
            entry.queued = False
            self._waiting -= 1
            if now >= entry.deadline:
                self.counts.dropped += 1
                _settle(entry, DeadlineExceeded("the call's time ran out while it waited"))
            else:
                taken.append(entry)
        return taken

    def _start(self, key: K, entries: list[_Entry[T, R]]) -> None:
        batch = _Batch(live=len(entries))
        for entry in entries:
            entry.batch = batch
        self.counts.batches += 1
        self.counts.items += len(entries)
        self._observe(entries)
        batch.task = asyncio.get_running_loop().create_task(
            self._run(key, entries), context=entries[0].context
        )
        self._running.add(batch.task)
        batch.task.add_done_callback(self._finished)

    def _observe(self, entries: list[_Entry[T, R]]) -> None:
        now = self.clock()
        BATCH_IMAGES.observe(len(entries))
        for entry in entries:
            _QUEUE.observe(now - entry.since)

    def _finished(self, task: "asyncio.Task[None]") -> None:
        self._running.discard(task)
        self._pump()

    async def _run(self, key: K, entries: list[_Entry[T, R]]) -> None:
        began = self.clock()
        seconds = max(entry.deadline for entry in entries) - began
        others = [entry.context for entry in entries[1:]]
        queue_ms = round(1e3 * (began - entries[0].since), 3)
        try:
            with tracing.batch("batch", others, images=len(entries), queue_ms=queue_ms):
                answers = await self.backend.run(key, [entry.item for entry in entries], seconds)
        except Exception as error:  # one failure of the call is the failure of every item
            for entry in entries:
                _settle(entry, error)
            return
        if len(answers) != len(entries):
            answers = [Internal("the answer lacks items")] * len(entries)
        for entry, answer in zip(entries, answers, strict=True):
            _settle(entry, answer)
        self._pace += 0.2 * ((self.clock() - began) / len(entries) - self._pace)

    def _forget(self, entry: _Entry[T, R]) -> None:
        if entry.queued:
            entry.queued = False
            self._waiting -= 1
            self.counts.dropped += 1
        elif entry.batch is not None:
            entry.batch.live -= 1
            if entry.batch.live == 0 and entry.batch.task is not None:
                entry.batch.task.cancel()  # nobody waits for any of it


def _settle(entry: _Entry[T, R], answer: "R | Exception") -> None:
    if entry.future.done():
        return
    if isinstance(answer, Exception):
        entry.future.set_exception(answer)
    else:
        entry.future.set_result(answer)
