"""Heartbeat: a file that is young as long as the worker's process runs its threads.

Whoever watches the worker from outside (a container's health check, a liveness probe) looks at the
file's age and needs no port. It says nothing of broker and store: a worker that waits for them is
alive.
"""

import threading
from pathlib import Path

SECONDS = 5.0
"""Between two beats."""


class Heartbeat:
    """Touches `path` every `seconds` until the process ends; with an empty path it does nothing."""

    def __init__(self, path: str, seconds: float = SECONDS):
        self._path = path
        self._seconds = seconds
        self._stopped = threading.Event()

    def start(self) -> None:
        """Returns at once. Raises OSError where the file cannot be made."""
        if self._path:
            Path(self._path).touch()
            threading.Thread(target=self._run, name="heartbeat", daemon=True).start()

    def stop(self) -> None:
        self._stopped.set()

    def _run(self) -> None:
        while not self._stopped.wait(self._seconds):
            Path(self._path).touch()
