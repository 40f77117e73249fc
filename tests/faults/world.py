"""A running stack that things are done to: its store behind a proxy, its clock to be set."""

import json
import os
import random
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
import redis

from directrix.errors import DirectrixError
from services.artifacts.catalogue import Catalogue
from services.artifacts.s3 import S3Store
from services.stack import survivors
from services.stack.record import Record, read
from tests.benchmarks.system import System, running
from tests.faults.clock import Clock
from tests.faults.disk import small_disk
from tests.faults.proxy import Proxy

LEASE_SECONDS = 3.0
ENVIRONMENT = {
    "DIRECTRIX_LEASE_SECONDS": str(LEASE_SECONDS),
    "DIRECTRIX_RECONCILE_SECONDS": "0.5",
    "DIRECTRIX_STEP_SECONDS": "1",
    "DIRECTRIX_STACK_DELAY": "0.5",
    "DIRECTRIX_STACK_PATIENCE": "600",
}
"""Shorter than usual, so that a night's faults fit into minutes; and patient on a busy machine."""
READY_SECONDS = 600.0


@dataclass
class World:
    """chance: decides everything that is left to it. disk: the store's, where it can be filled."""

    system: System
    proxy: Proxy
    clock: Clock | None
    disk: Path | None
    chance: random.Random

    def __post_init__(self) -> None:
        found = json.loads((self.system.folder / "environment.json").read_text())
        self.redis = redis.Redis.from_url(found["DIRECTRIX_REDIS_URL"], socket_timeout=5)
        self.store = S3Store(
            f"127.0.0.1:{self.record.ports['s3']}",
            found["DIRECTRIX_STORE_BUCKET"],
            found["DIRECTRIX_STORE_ACCESS_KEY"],
            found["DIRECTRIX_STORE_SECRET_KEY"],
        )
        self.catalogue = Catalogue(self.store)

    @property
    def record(self) -> Record:
        """What the supervisor wrote down last."""
        while (found := read(self.system.folder / "state.json")) is None:
            time.sleep(0.02)
        return found

    def signal(self, part: str, number: int) -> None:
        """Sends it a signal; nothing where the part is down already."""
        pid = self.record.parts.get(part)
        if pid is not None:
            send(pid, number)

    def below(self, part: str, title: str) -> list[psutil.Process]:
        """The processes below a part whose title holds a word."""
        pid = self.record.parts.get(part)
        if pid is None:
            return []
        try:
            found = psutil.Process(pid).children(recursive=True)
            return [each for each in found if title in " ".join([each.name(), *each.cmdline()])]
        except psutil.NoSuchProcess:
            return []

    def wait_until_ready(self) -> None:
        """Every part is there again. Raises TimeoutError."""
        until = time.monotonic() + READY_SECONDS
        while not self._ready():
            if time.monotonic() > until:
                raise TimeoutError(f"not ready again: see {self.system.folder}/stack.log")
            time.sleep(0.1)

    def orphans(self) -> set[int]:
        """Processes of the stack that are below none of its parts, looked at twice."""
        first = self._orphans()
        if not first:
            return first
        time.sleep(1.0)
        return first & self._orphans()

    def _orphans(self) -> set[int]:
        record = self.record
        known = {record.supervisor, *survivors.descendants(record.supervisor)}
        return survivors.of(record) - known

    def _ready(self) -> bool:
        record = self.record
        alive = all(psutil.pid_exists(pid) for pid in record.parts.values())
        return record.ready and alive and len(record.parts) >= 5 and self._answers()

    def _answers(self) -> bool:
        """Store and broker do: the record may be older than their last end."""
        with suppress(DirectrixError, redis.RedisError):
            next(iter(self.store.keys("projects/")), None)
            return bool(self.redis.ping())
        return False


@contextmanager
def world(
    folder: Path,
    profile: str,
    store: str,
    chance: random.Random,
    jumps: bool = True,
    megabytes: int = 0,
) -> Iterator[World]:
    """A stack in a fresh folder. jumps: with a clock of its own; megabytes: of a disk of its own
    for the store, 0 for none. Checks nothing: see `checks`."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    with ExitStack() as stack:
        home = folder / ("store" if store == "seaweedfs" else "store-minio")
        disk = stack.enter_context(small_disk(home, megabytes)) if megabytes else None
        proxy = stack.enter_context(Proxy(lambda: port_of(folder, "s3"), chance))
        clock = Clock(folder / "clock") if jumps else None
        environment = dict(ENVIRONMENT, DIRECTRIX_STACK_DETOUR=f"127.0.0.1:{proxy.port}")
        environment |= clock.environment if clock else {}
        system = stack.enter_context(running(folder, profile, store, environment))
        yield World(system, proxy, clock, disk, chance)


def port_of(folder: Path, name: str) -> int:
    """As the stack wrote it down; 0, where nobody listens, before it did."""
    found = read(folder / "state.json")
    return found.ports[name] if found else 0


def send(pid: int, number: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)


def comes_true(condition: Callable[[], bool], seconds: float) -> bool:
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            return False
        time.sleep(0.1)
    return True
