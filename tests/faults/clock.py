"""The clock of a stack's processes, which jumps when it is told to."""

import shutil
import struct
import subprocess
from collections.abc import Mapping
from pathlib import Path

SOURCE = Path(__file__).with_name("clock.c")


def missing() -> str:
    """The program that is not there."""
    return "" if shutil.which("gcc") else "gcc"


class Clock:
    """Of every process that has its `environment`. folder: where its file and its code are."""

    def __init__(self, folder: Path):
        folder.mkdir(parents=True, exist_ok=True)
        self._code = folder / "clock.so"
        self._file = folder / "clock.jump"
        self.jump(0.0)
        command = ["gcc", "-O2", "-shared", "-fPIC", "-o", str(self._code), str(SOURCE)]
        subprocess.run(command, check=True)

    @property
    def environment(self) -> Mapping[str, str]:
        code, file = str(self._code.resolve()), str(self._file.resolve())
        return {"LD_PRELOAD": code, "CLOCK_JUMP_FILE": file}

    def jump(self, seconds: float) -> None:
        """From now on it is so many seconds ahead of the machine's, or behind where negative."""
        with self._file.open("r+b" if self._file.exists() else "wb") as file:
            file.write(struct.pack("d", seconds))  # in place: the processes have it mapped
