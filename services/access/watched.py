"""Watched: a file's value, read again whenever the file has changed."""

from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

from directrix.errors import InvalidField, Unavailable

V = TypeVar("V")
_Mark = tuple[int, int, int]


class Watched(Generic[V]):
    """parse: bytes to a value; raises ValueError for what it cannot read.

    what: the file in words, for messages. Between two changes `value` costs one look at the
    file's times. A file that became unreadable lets nobody in: no older state outlives it.
    """

    def __init__(self, path: Path, parse: Callable[[bytes], V], what: str):
        self._path = path
        self._parse = parse
        self._what = what
        self._mark: _Mark | None = None

    def check(self) -> None:
        """For the start. Raises InvalidField with what is wrong with the file."""
        try:
            self._read()
        except (OSError, ValueError) as error:
            raise InvalidField(f"{self._what} {self._path}: {error}", field=self._what) from error

    @property
    def value(self) -> V:
        """Raises Unavailable where the file cannot be read now."""
        try:
            if self._mark != _mark(self._path):
                self._read()
        except (OSError, ValueError) as error:
            self._mark = None
            raise Unavailable(f"the {self._what} cannot be read") from error
        return self._value

    def _read(self) -> None:
        # the mark first: a change while we read is seen the next time
        mark = _mark(self._path)
        self._value = self._parse(self._path.read_bytes())
        self._mark = mark


def _mark(path: Path) -> _Mark:
    found = path.stat()
    return found.st_mtime_ns, found.st_size, found.st_ino
