"""Shared by all tests: threads, and one running stack for the session."""

import os

os.environ["OMP_NUM_THREADS"] = "1"

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from services.stack import leash
from services.stack.record import Record, read
from services.stack.survivors import end

ROOT = Path(__file__).parents[1]
REAL_SERVERS = {"seaweedfs", "minio_code", "redis", "plain", "ray"}
"""Parameters of contract suites that start a server; `make check` leaves these tests out."""
COSTLY = ({"style", "dplase"}, {"style", "sc2gan"})
"""Parameters that are slow together: a method that trains or inverts, on a generator of layers."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        callspec = getattr(item, "callspec", None)
        values = {str(value) for value in callspec.params.values()} if callspec else set()
        if REAL_SERVERS & values or any(costly <= values for costly in COSTLY):
            item.add_marker(pytest.mark.slow)


def _end_with_the_tests() -> None:
    leash.prctl(leash.SET_PARENT_DEATH_SIGNAL, signal.SIGTERM)


class Stack:
    """`python -m services.stack` as a process of its own, and what it writes down."""

    def __init__(self, folder: Path, profile: str, store: str = "seaweedfs"):
        self.folder = folder
        self.profile = profile
        self.store = store

    def start(self, seconds: float = 180.0) -> None:
        """Until it is ready; the end of what it said is in the error where it is not."""
        arguments = ["--profile", self.profile, "--folder", str(self.folder), "--port", "0"]
        arguments += ["--store", self.store]
        self.folder.mkdir(exist_ok=True)
        with self.output.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "services.stack", *arguments],
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                preexec_fn=_end_with_the_tests,
            )
        self.wait(lambda: self.state.supervisor == self.process.pid and self.state.ready, seconds)

    def wait(self, true: Callable[[], bool], seconds: float = 60.0) -> None:
        """Until `true`; fails with the end of what the stack said."""
        until = time.monotonic() + seconds
        while not true():
            said = self.output.read_text()[-2000:]
            assert self.process.poll() is None, f"the stack has ended:\n{said}"
            assert time.monotonic() < until, f"not within {seconds} s:\n{said}"
            time.sleep(0.05)

    @property
    def output(self) -> Path:
        return self.folder / "output.log"

    @property
    def state(self) -> Record:
        return read(self.folder / "state.json") or Record("", "", 0, "", "")

    @property
    def endpoint(self) -> str:
        """Where the gateway listens: "127.0.0.1:port"."""
        return self.state.endpoint

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(60)
        end(self.state)


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The whole system without Ray, started by the first test that asks for it."""
    running = Stack(tmp_path_factory.mktemp("stack"), "lite")
    try:
        running.start()
        yield running
    finally:
        running.stop()


@pytest.fixture(scope="session")
def endpoint(stack: Stack) -> str:
    """Where the gateway of the session's stack listens."""
    return stack.endpoint
