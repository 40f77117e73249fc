"""Child: one part as a process below its leash, brought back when it dies."""

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import IO

from services.stack import leash
from services.stack.part import Part

FIRST_DELAY = 0.5
STEADY = 60.0
"""Seconds of life after which a death counts as the first one again."""


class Child:
    """One part: starts, is looked at, comes back after a growing delay, ends.

    Must be started by the main thread: the kernel ties the leash to the thread that made it.
    """

    def __init__(self, part: Part, logs: Path):
        self.part = part
        self.log = logs / f"{part.name}.log"
        self.process: subprocess.Popen[bytes] | None = None
        self.is_ready = False
        self.starts = 0
        self.started_at = 0.0
        self._delay = FIRST_DELAY
        self._again_at = 0.0

    @property
    def pid(self) -> int | None:
        """The leash's process id; None where nothing runs."""
        return self.process.pid if self.process else None

    def start(self) -> None:
        self.starts += 1
        self.started_at = time.monotonic()
        with self.log.open("ab") as log:
            self.process = self._spawn(log)

    def _spawn(self, log: IO[bytes]) -> subprocess.Popen[bytes]:
        part = self.part
        held = [sys.executable, "-I", "-S", leash.__file__, str(os.getpid()), str(part.grace)]
        return subprocess.Popen(
            [*held, *part.command],
            cwd=part.folder,
            env={**os.environ, **part.environment},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,  # a Ctrl-C at the terminal is for the supervisor alone
        )

    def died(self) -> int | None:
        """Its status if it has ended since the last look; sets when it may come back."""
        if self.process is None or (status := self.process.poll()) is None:
            return None
        self.process, self.is_ready = None, False
        if time.monotonic() - self.started_at > STEADY:
            self._delay = FIRST_DELAY
        self._again_at = time.monotonic() + self._delay
        self._delay = min(2 * self._delay, self.part.longest_delay)
        return status

    def is_due(self) -> bool:
        """Whether it should be started now."""
        return self.process is None and time.monotonic() >= self._again_at

    def delay(self) -> float:
        """Seconds until it comes back."""
        return max(0.0, self._again_at - time.monotonic())

    def is_late(self) -> bool:
        """Whether it should have become ready by now."""
        waits = self.starts > 0 and not self.is_ready
        return waits and time.monotonic() - self.started_at > self.part.patience

    def ask_to_end(self) -> None:
        if self.process is not None:
            self.process.terminate()

    def wait(self) -> None:
        """Until it has ended. The leash sees to it that this takes `grace` and little more."""
        if self.process is not None:
            try:
                self.process.wait(self.part.grace + 10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.process, self.is_ready = None, False

    def tail(self, lines: int = 20) -> str:
        """The end of its log."""
        if not self.log.exists():
            return ""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])
