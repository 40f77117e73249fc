"""Little languages of the command line: moves, findings, strengths, parameters. Pure."""

import json
from collections.abc import Iterable
from typing import Any, cast, get_args

import typer

from directrix.client import Change
from directrix.client.values import Priority

Moved = tuple[str, int, float | Change]
RAISE = "raise="
BUDGETS = ("seconds", "images", "memory_mb")


def move(text: str) -> Moved:
    """SET:INDEX:ALPHA, or SET:INDEX:raise=SD, by which the finding's target is to rise."""
    try:
        name, index, strength = text.rsplit(":", 2)
        if strength.startswith(RAISE):
            return _named(name), int(index), Change(float(strength.removeprefix(RAISE)))
        return _named(name), int(index), float(strength)
    except ValueError as error:
        raise typer.BadParameter(
            f"a move is SET:INDEX:ALPHA or SET:INDEX:raise=SD, not {text!r}"
        ) from error


def finding(text: str) -> tuple[str, int]:
    """SET:INDEX."""
    try:
        name, index = text.rsplit(":", 1)
        return _named(name), int(index)
    except ValueError as error:
        raise typer.BadParameter(f"a finding is SET:INDEX, not {text!r}") from error


def strengths(text: str) -> list[float]:
    """Comma-separated numbers."""
    try:
        return [float(part) for part in text.split(",")]
    except ValueError as error:
        raise typer.BadParameter(f"strengths are numbers like -3,0,3, not {text!r}") from error


def parameters(texts: Iterable[str]) -> dict[str, Any]:
    """k=v each; v is read as JSON where it is JSON, else as text."""
    found: dict[str, Any] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not (name and equals):
            raise typer.BadParameter(f"a parameter is NAME=VALUE, not {text!r}")
        found[name] = _value(value)
    return found


def budget(texts: Iterable[str]) -> dict[str, float]:
    """seconds=N, images=N or memory_mb=N each."""
    found: dict[str, float] = {}
    for text in texts:
        name, _, value = text.partition("=")
        try:
            found[name] = float(value)
        except ValueError as error:
            raise typer.BadParameter(f"a budget is NAME=NUMBER, not {text!r}") from error
        if name not in BUDGETS:
            raise typer.BadParameter(f"a budget is of {', '.join(BUDGETS)}, not of {name!r}")
    return found


def priority(word: str) -> Priority:
    for known in get_args(Priority):
        if known == word:
            return cast(Priority, word)
    raise typer.BadParameter(f"a priority is {', '.join(get_args(Priority))}, not {word!r}")


def _named(name: str) -> str:
    if not name:
        raise ValueError("no name")
    return name


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text
