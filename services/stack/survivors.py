"""Survivors: processes of a run that outlived its supervisor, and their end."""

import os
import signal
import time
from pathlib import Path

from services.stack.leash import parent, send
from services.stack.record import MARK, Record, boot, started

PATIENCE = 3.0
"""Seconds between TERM and KILL."""


def descendants(pid: int) -> list[int]:
    """The processes below `pid`, its own children first, each generation by age."""
    parents = {
        int(f.name): parent(int(f.name)) for f in Path("/proc").iterdir() if f.name.isdigit()
    }
    found: list[int] = []
    generation = [pid]
    while generation:
        children = [child for child, above in parents.items() if above in generation]
        generation = sorted(children, key=lambda child: started(child) or 0)
        found += generation
    return found


def of(record: Record) -> set[int]:
    """Processes of that run that still live: by its mark, and by pid and start time.

    Both are needed: some programs overwrite their environment with their title.
    """
    if record.boot != boot():
        return set()
    noted = {pid for pid, at in record.processes if started(pid) == at}
    return (noted | _marked(record.run)) - {os.getpid()}


def _marked(run: str) -> set[int]:
    wanted = f"{MARK}={run}".encode()
    found = set()
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            if wanted in (folder / "environ").read_bytes().split(b"\0"):
                found.add(int(folder.name))
        except OSError:
            continue  # it ended, or is somebody else's
    return {pid for pid in found if started(pid) is not None}


def end(record: Record) -> None:
    """Ends what that run left, which only a kill of everything at once can do."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        for pid in of(record):
            send(pid, number)
        until = time.monotonic() + PATIENCE
        while of(record) and time.monotonic() < until:
            time.sleep(0.05)
