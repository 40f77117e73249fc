"""Field paths: every complaint about a message names the place in it."""

import math
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from enum import StrEnum
from typing import TypeVar

from directrix.errors import InvalidField

E = TypeVar("E", bound=StrEnum)


@contextmanager
def located(path: str) -> Iterator[None]:
    """Moves an InvalidField of a value's constructor to where the value is on the wire."""
    try:
        yield
    except InvalidField as error:
        if error.field.startswith(path):
            raise
        name = error.field.rpartition(".")[2]
        place = f"{path}.{name}" if name else path
        raise InvalidField(error.message, field=place) from error


def member(table: Mapping[int, E], number: int, path: str) -> E:
    """The value of an enum. Raises InvalidField for unset and unknown numbers."""
    if number not in table:
        known = ", ".join(value.name for value in table.values())
        raise InvalidField(f"{path} is one of {known}, not number {number}", field=path)
    return table[number]


def number_of(table: Mapping[int, E], value: E) -> int:
    """The number of an enum's value on the wire; the last one where several mean the same."""
    return next(number for number, each in reversed(list(table.items())) if each is value)


def finite(value: float, path: str) -> float:
    if not math.isfinite(value):
        raise InvalidField(f"{path} is not a finite number", field=path)
    return float(value)


def within(value: int, low: int, high: int, path: str) -> int:
    if not low <= value <= high:
        raise InvalidField(f"{path} lies in [{low}, {high}], not {value}", field=path)
    return int(value)


def layers(values: Iterable[int], path: str) -> tuple[int, ...]:
    """Layer indices: not negative, none twice."""
    found = tuple(within(value, 0, 4095, f"{path}[{i}]") for i, value in enumerate(values))
    if len(set(found)) != len(found):
        raise InvalidField(f"{path} names a layer twice", field=path)
    return found
