"""What the command prints: tables or JSON on standard output, words on standard error."""

import json
import sys
from collections.abc import Iterable, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

Row = Sequence[object]


def say(words: str) -> None:
    """A message for people."""
    print(words, file=sys.stderr, flush=True)


def show_json(value: Any) -> None:
    """One JSON document on a line of its own."""
    print(json.dumps(value, ensure_ascii=False), flush=True)


def show_table(columns: Sequence[str], rows: Iterable[Row], title: str = "") -> None:
    """Columns whose name starts with ">" are right-aligned numbers."""
    table = Table(title=title or None, title_justify="left", box=None, pad_edge=False)
    for column in columns:
        number = column.startswith(">")
        table.add_column(column.lstrip(">"), justify="right" if number else "left", overflow="fold")
    for row in rows:
        table.add_row(*[_cell(value) for value in row])
    stdout().print(table)


def show_facts(facts: dict[str, object]) -> None:
    """Names and values, one a line."""
    width = max(len(name) for name in facts)
    for name, value in facts.items():
        stdout().print(f"{name:<{width}}  {_cell(value)}", markup=False, highlight=False)


def stdout() -> Console:
    """Without a terminal: no colour, no wrapping at 80 columns."""
    return Console() if sys.stdout.isatty() else Console(width=200, no_color=True)


def stderr() -> Console:
    return Console(stderr=True)


def _cell(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.3g}" if isinstance(value, float) else str(value)
