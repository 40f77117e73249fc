"""The queue as a simulation: jobs, steps, invitations, shards and leases as the workers have them.

Times are those that were measured. Broker, store and gateway serve one after the other on so many
cores; each worker has a core of its own.
"""

from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import simpy

STEP_SECONDS, TURN_SECONDS, WAIT_SECONDS = 30.0, 5.0, 0.2
"""As workers have them: `step_seconds`, and those of `helping` and `populations`."""
PIECE = 1.0
"""Seconds of what follows the population that are done between two looks at the clock."""

Process = Generator[simpy.Event, object, None]


@dataclass(frozen=True)
class Costs:
    """Seconds. begin, tail: of a job before its first shard and after its last one. shard: of a
    worker alone, without what follows. broker, store: of their cores, a shard. asked, asked_store:
    of a core of the gateway and of the store, a look at an operation. slowdown: by what factor a
    worker's own part takes longer where a second one computes on the same machine."""

    begin: float
    shard: float
    tail: float
    broker: float
    store: float
    asked: float
    asked_store: float
    slowdown: float = 1.0


class Message(NamedTuple):
    """What workers take, the smallest first. late: 0 of a job, 1 of an invitation."""

    late: int
    number: int
    job: "Job"
    fence: int


@dataclass(eq=False)
class Job:
    """missing: shards that nobody is at; leased: how many somebody is at."""

    missing: list[int]
    leased: int = 0
    fence: int = 0
    left: float = 0.0
    begun: bool = False
    ended: float | None = None


@dataclass(frozen=True)
class Outcome:
    """seconds: until the last job ended, or until the time was up. shards: that were computed.
    busy: the share of broker, store and gateway that was used."""

    seconds: float
    shards: int
    busy: dict[str, float]


@dataclass(eq=False)
class Model:
    """asks: looks a second at each job that has not ended. shared: two workers are slower."""

    costs: Costs
    workers: int
    asks: float = 0.0
    store_cores: int = 2
    gateways: int = 1
    shared: bool = False
    shards: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self.env = simpy.Environment()
        self.queue = simpy.PriorityStore(self.env)
        sizes = {"broker": 1, "store": self.store_cores, "gateway": self.gateways}
        self._parts = {name: simpy.Resource(self.env, size) for name, size in sizes.items()}
        self._used = dict.fromkeys(sizes, 0.0)
        self._computing = 0
        self._numbers: Iterator[int] = iter(range(10**9))

    def run(self, jobs: int, shards: int, seconds: float = float("inf")) -> Outcome:
        """So many jobs at once, until they have ended, or for so many seconds."""
        found = [Job(list(range(shards)), left=self.costs.tail) for _ in range(jobs)]
        for job in found:
            self._send(job)
            if self.asks:
                self.env.process(self._ask(job))
        for _ in range(self.workers):
            self.env.process(self._work())
        last = self.env.process(self._wait(found))
        until = last if seconds == float("inf") else last | self.env.timeout(seconds)
        self.env.run(until)
        busy = {
            name: used / self.env.now / self._parts[name].capacity
            for name, used in self._used.items()
        }
        return Outcome(self.env.now, self.shards, busy)

    def _wait(self, jobs: list[Job]) -> Process:
        while any(job.ended is None for job in jobs):
            yield self.env.timeout(0.05)

    def _send(self, job: Job, late: int = 0) -> None:
        self.queue.put(Message(late, next(self._numbers), job, job.fence))

    def _work(self) -> Process:
        while True:
            message: Message = yield self.queue.get()
            yield from (self._help if message.late else self._step)(message)

    def _step(self, message: Message) -> Process:
        job, over = message.job, self.env.now + STEP_SECONDS
        job.fence += 1
        if not job.begun:
            job.begun = True
            yield from self._run(self.costs.begin)
        if len(job.missing) > 1:
            self._send(job, late=1)
        while job.missing or job.leased:
            if job.missing:
                yield from self._compute(job, 0)
            else:
                yield self.env.timeout(WAIT_SECONDS)
            if self.env.now >= over:
                return self._send(job)
        while job.left > 0:
            yield from self._run(min(PIECE, job.left))
            job.left -= PIECE
            if job.left > 0 and self.env.now >= over:
                return self._send(job)
        job.ended = self.env.now

    def _help(self, message: Message) -> Process:
        job, over, invited = message.job, self.env.now + TURN_SECONDS, False
        yield from self._use("broker", self.costs.broker / 4)
        if message.fence != job.fence:
            return
        while job.missing and self.env.now < over:
            if not invited and len(job.missing) > 1:
                self._send(job, late=1)
                invited = True
            yield from self._compute(job, -1)

    def _compute(self, job: Job, end: int) -> Process:
        job.missing.pop(end)
        job.leased += 1
        yield from self._run(self.costs.shard)
        yield from self._use("broker", self.costs.broker)
        yield from self._use("store", self.costs.store)
        job.leased -= 1
        self.shards += 1

    def _run(self, seconds: float) -> Process:
        """On the worker's own core."""
        self._computing += 1
        slow = self.costs.slowdown if self.shared and self._computing > 1 else 1.0
        yield self.env.timeout(seconds * slow)
        self._computing -= 1

    def _ask(self, job: Job) -> Process:
        yield self.env.timeout((next(self._numbers) % 97) / 97 / self.asks)
        while job.ended is None:
            yield from self._use("gateway", self.costs.asked)
            yield from self._use("store", self.costs.asked_store)
            yield self.env.timeout(1 / self.asks)

    def _use(self, part: str, seconds: float) -> Process:
        with self._parts[part].request() as turn:
            yield turn
            yield self.env.timeout(seconds)
        self._used[part] += seconds
