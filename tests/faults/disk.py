"""A small disk of its own, a tmpfs, which can be filled. Needs root."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

FILLER = "filler"


def mountable() -> bool:
    return os.geteuid() == 0


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[Path]:
    """Mounted at `folder` and unmounted at the end. Raises CalledProcessError."""
    folder.mkdir(parents=True, exist_ok=True)
    size = f"size={megabytes}m,mode=0700"
    subprocess.run(["mount", "-t", "tmpfs", "-o", size, "tmpfs", str(folder)], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(disk: Path) -> None:
    """Until not a byte fits."""
    with suppress(OSError), (disk / FILLER).open("wb", buffering=0) as file:
        while file.write(b"\0" * 65536):
            pass


def empty(disk: Path) -> None:
    (disk / FILLER).unlink(missing_ok=True)
