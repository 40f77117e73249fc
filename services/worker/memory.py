"""The memory of this process: how much it holds, and a bound to what it may hold."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

MEBIBYTE = 1024 * 1024
_STATUS = Path("/proc/self/status")


def resident_mb() -> int:
    """What it holds in memory; 0 where the system does not say."""
    return _read("VmRSS")


@contextmanager
def bounded(megabytes: int) -> Iterator[None]:
    """Within, asking for memory fails (MemoryError) where it would hold more than so many
    megabytes; 0 means no bound. What it holds already counts.

    The system bounds reserved memory, of which some is never used: by so much the bound is higher.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    if not megabytes or not (reserved := _read("VmData")):
        yield
        return
    left = max(0, megabytes - resident_mb())
    bound = (reserved + left) * MEBIBYTE
    if hard != resource.RLIM_INFINITY:
        bound = min(bound, hard)
    with suppress(ValueError):
        resource.setrlimit(resource.RLIMIT_DATA, (bound, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))


def is_refusal(error: Exception) -> bool:
    """Whether an error says that there was no memory: Python's own, or that of torch."""
    return isinstance(error, MemoryError) or (
        isinstance(error, RuntimeError) and "allocate memory" in str(error)
    )


def _read(field: str) -> int:
    """A field of this process' status, megabytes."""
    if not _STATUS.exists():
        return 0
    for line in _STATUS.read_text().splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1]) // 1024
    return 0
