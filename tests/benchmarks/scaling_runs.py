"""Measured points of scaling: so many workers and jobs on a fresh stack, and what it cost.

Workers score populations on their own devices, one torch thread each: two workers are two cores.
All times are the workers' own, of one clock: from the first request to the last commit.
"""

import json
import multiprocessing
import re
import shutil
import statistics
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import psutil
import redis

from directrix.client import Client, OperationHandle
from services.stack.record import read
from tests.benchmarks import bundled
from tests.benchmarks.bench_population import bare_rate
from tests.benchmarks.evidence import FOLDER
from tests.benchmarks.system import System, running
from tests.benchmarks.worker_log import events

OWN = {"DIRECTRIX_WORKER_SCORING": "own", "DIRECTRIX_THREADS": "1"}
WARM = 8 * 1024
"""Samples of a job before the measured ones: every worker has loaded the models then."""
PATIENCE = 7200.0
LOOK_SECONDS, ASK_SECONDS = 0.25, 60.0
"""Between two looks into logs; from then on the service is asked too, should a job have failed."""
_STORE = re.compile(r'^directrix_store_seconds_(count|sum)\{operation="(\w+)".*\} (\S+)$', re.M)


@dataclass(frozen=True)
class Point:
    """seconds: until the last commit. begin, shard, tail: of the first job, seconds before its
    first shard, between two of one worker (the median), and after its last one. by_worker: shards
    of populations. peak_mb: the most that any worker held. broker, store: their cores' seconds,
    with commands of the one and calls of the other."""

    workers: int
    jobs: int
    samples: int
    seconds: float
    begin: float
    shard: float
    tail: float
    by_worker: tuple[int, ...]
    peak_mb: float
    broker: float
    commands: int
    store: float
    calls: int
    call_seconds: float

    @property
    def shards(self) -> int:
        return sum(self.by_worker)


class Load:
    """What the parts of a stack have used so far."""

    def __init__(self, stack: "Stack"):
        info = stack.redis.info()
        self.commands = int(info["total_commands_processed"])
        self.broker = float(info["used_cpu_user"]) + float(info["used_cpu_sys"])
        self.store = stack.cpu("store")
        self.gateway = stack.cpu("gateway")
        self.calls, self.call_seconds = stack.store_calls()


class Stack:
    """A running stack with so many workers, all of them warm."""

    def __init__(self, system: System, client: Client, workers: int):
        self.system, self.client = system, client
        self.names = ["worker", *(f"worker-{n}" for n in range(2, workers + 1))]
        found = json.loads((system.folder / "environment.json").read_text())
        self.redis = redis.Redis.from_url(found["DIRECTRIX_REDIS_URL"])
        self._seeds = iter(range(1000, 10**6))

    def cpu(self, part: str) -> float:
        """Seconds of processors that a part's processes have used."""
        times = [process.cpu_times() for process in self._family(part)]
        return sum(each.user + each.system for each in times)

    def peak_mb(self) -> float:
        """The most memory that any worker's process has held since it started."""
        found = [_high_water(p.pid) for name in self.names for p in self._family(name)]
        return max(found)

    def store_calls(self) -> tuple[int, float]:
        """Of all workers: how many, and how many seconds they took."""
        record = read(self.system.folder / "state.json")
        assert record is not None
        totals = {"count": 0.0, "sum": 0.0}
        for name in self.names:
            port = record.ports[f"{name}-metrics"]
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as page:
                for what, _, value in _STORE.findall(page.read().decode()):
                    totals[what] += float(value)
        return int(totals["count"]), totals["sum"]

    def warm(self) -> None:
        """Until every worker has computed shards of a population."""
        for _ in range(5):
            (job,), _ = self._do(1, WARM, ("boot",))
            if all(self._shards(name, job) for name in self.names):
                return
        raise RuntimeError("a worker takes no part: see the logs")

    def measure(self, jobs: int, samples: int, scorers: Sequence[str]) -> Point:
        """So many discoveries at once, each of a population of its own."""
        before = Load(self)
        names, asked = self._do(jobs, samples, scorers)
        after = Load(self)
        ends = {name: self._committed(name) or time.time() for name in names}
        ours = {name: [e for n in names for e in self._shards(name, n)] for name in self.names}
        first = sorted(e for name in self.names for e in self._shards(name, names[0]))
        gaps = [b - a for found in ours.values() for a, b in _neighbours(sorted(found))]
        shard = statistics.median(gaps)
        return Point(
            workers=len(self.names),
            jobs=jobs,
            samples=samples,
            seconds=max(ends.values()) - asked,
            begin=first[0] - asked,
            shard=shard,
            tail=ends[names[0]] - first[-1] - shard,
            by_worker=tuple(len(found) for found in ours.values()),
            peak_mb=self.peak_mb(),
            broker=after.broker - before.broker,
            commands=after.commands - before.commands,
            store=after.store - before.store,
            calls=after.calls - before.calls,
            call_seconds=after.call_seconds - before.call_seconds,
        )

    def idle(self, seconds: float) -> tuple[float, float]:
        """What broker and store use of their cores while nobody asks for anything: shares."""
        before = Load(self)
        time.sleep(seconds)
        after = Load(self)
        return (after.broker - before.broker) / seconds, (after.store - before.store) / seconds

    def look(self, times: int) -> tuple[float, float]:
        """What one look at an operation costs: seconds of the gateway's and of the store's core."""
        handle = self.client.discover(bundled.GENERATOR, "sefa", [], {"components": 1}, seed=1)
        handle.result(timeout=PATIENCE)
        before = Load(self)
        for _ in range(times):
            handle.job()
        after = Load(self)
        return (after.gateway - before.gateway) / times, (after.store - before.store) / times

    def _do(self, jobs: int, samples: int, scorers: Sequence[str]) -> tuple[list[str], float]:
        """Names of the operations, ended, and when they were asked for."""
        asked = time.time()
        handles = [
            self.client.discover(
                bundled.GENERATOR, "interfacegan", [bundled.CLASSIFIER],
                {"scorers": list(scorers)}, seed=next(self._seeds), samples=samples,
            )
            for _ in range(jobs)
        ]  # fmt: skip
        for handle in handles:
            self._wait(handle)
        return [handle.name for handle in handles], asked

    def _wait(self, handle: OperationHandle) -> None:
        """Looks into the workers' logs: nobody is asked, so that nothing else is measured."""
        looked = time.monotonic()
        while self._committed(handle.name) is None:
            time.sleep(LOOK_SECONDS)
            if time.monotonic() - looked > ASK_SECONDS and handle.done():
                break
        handle.result(timeout=PATIENCE)

    def _shards(self, worker: str, job: str) -> list[float]:
        """When a worker began each shard of a job's population."""
        found = events(self._log(worker), job)
        return [event.seconds for event in found if event.unit.startswith("population")]

    def _committed(self, job: str) -> float | None:
        """When; None where it has not come to it yet."""
        for worker in self.names:
            for line in self._log(worker).read_text().splitlines(keepends=True):
                if f"{job}: committed" in line and line.endswith("\n"):
                    return datetime.fromisoformat(json.loads(line)["ts"]).timestamp()
        return None

    def _log(self, worker: str) -> Path:
        return self.system.folder / "logs" / f"{worker}.log"

    def _family(self, part: str) -> list[psutil.Process]:
        parent = psutil.Process(self.system.parts[part])
        return [parent, *parent.children(recursive=True)]


@contextmanager
def stack_of(workers: int) -> Iterator[Stack]:
    """Without Ray, with an empty store; its replica is there for edits only."""
    folder = FOLDER / "stack-scaling"
    shutil.rmtree(folder, ignore_errors=True)
    environment = OWN | {"DIRECTRIX_STACK_WORKERS": str(workers)}
    with (
        running(folder, "lite", environment=environment) as system,
        Client(system.endpoint, timeout=60) as client,
    ):
        bundled.register(client, bundled.GENERATOR, bundled.CLASSIFIER)
        stack = Stack(system, client, workers)
        stack.warm()
        yield stack


def slowdown() -> float:
    """How much slower the bare models are on one core where another one runs them too."""
    context = multiprocessing.get_context("spawn")
    rates = []
    for processes in (1, 2):
        with context.Pool(processes, initializer=_one_thread) as pool:
            pool.map(_rate, range(processes))  # models are loaded
            rates.append(statistics.mean(pool.map(_rate, range(processes), chunksize=1)))
    return max(1.0, rates[0] / rates[1])


def _one_thread() -> None:
    import torch

    torch.set_num_threads(1)


def _rate(_: int) -> float:
    return bare_rate()


def _neighbours(moments: Sequence[float]) -> list[tuple[float, float]]:
    return list(zip(moments, moments[1:], strict=False))


def _high_water(pid: int) -> float:
    """MB of 10^6 bytes."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024 / 1e6
    return 0.0
