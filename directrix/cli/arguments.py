"""Little languages of the command line: moves, findings, strengths, parameters. Pure."""

import json
from collections.abc import Iterable
from typing import Any

import typer

from directrix.client import Change

Moved = tuple[str, int, float | Change]
RAISE = "raise="


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


def _named(name: str) -> str:
    if not name:
        raise ValueError("no name")
    return name


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text
