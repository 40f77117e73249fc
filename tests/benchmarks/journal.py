"""Rows that are kept as they come: a run that was interrupted goes on where it was."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tests.benchmarks.evidence import FOLDER

Row = dict[str, Any]


class Journal:
    """One JSON object a line, in build/bench/NAME.partial.jsonl, until `close` takes it away.

    key: what tells rows apart. What was interrupted goes on with the rows of the code as it was: to
    begin anew, remove the file.
    """

    def __init__(self, name: str, key: Callable[[Row], object], folder: Path = FOLDER):
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / f"{name}.partial.jsonl"
        self._key = key
        self._rows = {key(row): row for row in self._read()}

    def __contains__(self, key: object) -> bool:
        return key in self._rows

    def __getitem__(self, key: object) -> Row:
        return self._rows[key]

    def append(self, row: Row) -> None:
        self._rows[self._key(row)] = row
        with self._path.open("a") as file:
            file.write(json.dumps(row) + "\n")

    def close(self) -> None:
        """All rows are where they belong."""
        self._path.unlink(missing_ok=True)

    def _read(self) -> Iterator[Row]:
        """Whole lines only: the last one may have been cut short."""
        if self._path.exists():
            text = self._path.read_text()
            whole = text[: text.rfind("\n") + 1]
            self._path.write_text(whole)
            yield from (json.loads(line) for line in whole.splitlines())
