"""The whole system for a benchmark: `python -m services.stack` in a process group of its own."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from services.stack import leash

ONE_REPLICA = {"DIRECTRIX_INFERENCE_REPLICAS": "1"}
"""Environment of a stack that is compared with one thread of bare models."""
START_SECONDS = 600
"""A bound, for a machine that is busy with other things."""


@dataclass(frozen=True)
class System:
    """A running stack: where the gateway listens and what the supervisor wrote down."""

    endpoint: str
    folder: Path

    @property
    def parts(self) -> dict[str, int]:
        """The process id of each part, as the supervisor last wrote it down."""
        return json.loads((self.folder / "state.json").read_text())["parts"]


@contextmanager
def running(
    folder: Path,
    profile: str = "full",
    store: str = "seaweedfs",
    environment: Mapping[str, str] | None = None,
) -> Iterator[System]:
    """Starts the stack in `folder`, waits until it is ready, and stops it with TERM.

    environment: settings of its services beside those that the stack makes itself.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "state.json").unlink(missing_ok=True)
    command = [sys.executable, "-m", "services.stack", "--profile", profile]
    command += ["--folder", str(folder), "--port", "0", "--store", store]
    with (folder / "stack.log").open("wb") as log:
        process = subprocess.Popen(
            command,
            stdout=log,
            stderr=log,
            start_new_session=True,
            preexec_fn=_end_with_the_benchmark,
            env={**os.environ, **(environment or {})},
        )
    try:
        yield System(_wait(process, folder), folder)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _end_with_the_benchmark() -> None:
    """Also where that is killed."""
    leash.prctl(leash.SET_PARENT_DEATH_SIGNAL, signal.SIGTERM)


def _wait(process: subprocess.Popen, folder: Path) -> str:
    state = folder / "state.json"
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        if process.poll() is not None:
            raise RuntimeError((folder / "stack.log").read_text()[-3000:])
        if state.exists() and (notes := json.loads(state.read_text()))["ready"]:
            return notes["endpoint"]
        time.sleep(0.2)
    raise RuntimeError(f"not ready after {START_SECONDS} s: see {folder / 'stack.log'}")
