"""Is a history of a job's record linearizable? A search after Wing and Gong.

Source: Wing and Gong, "Testing and Verifying Concurrent Objects" (J. Parallel Distrib. Comput. 17,
1993), with the memory of visited configurations of Lowe, "Testing for linearizability" (2017).

The record is a register that clients change by compare-and-swap: what is modelled here is its fence
(a counter that `raise` adds one to) and whether cancellation was asked for. A call that ended in an
error that may pass may have taken effect at any later moment, or never.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from typing import NamedTuple


class Value(NamedTuple):
    """Of the record."""

    fence: int
    cancelled: bool


START = Value(0, False)


@dataclass(frozen=True)
class Call:
    """what: "read", "raise" (the fence by one) or "cancel". began, ended: seconds of one clock,
    ended infinite where nobody knows whether it took effect. answer: the record as it was given."""

    what: str
    began: float
    ended: float
    answer: Value | None = None


def is_linearizable(history: Sequence[Call], start: Value = START) -> bool:
    """Whether some order of all calls that ended, and any of the others, explains every answer and
    puts no call before one that had ended when it began."""
    visited: set[tuple[frozenset[int], Value]] = set()
    stack = [(frozenset(range(len(history))), start)]
    while stack:
        left, value = stack.pop()
        if all(history[place].ended == inf for place in left):
            return True
        if (left, value) in visited:
            continue
        visited.add((left, value))
        first_end = min(history[place].ended for place in left)
        for place in left:
            call = history[place]
            if call.began <= first_end:
                after = applied(call, value)
                if call.answer is None or call.answer == after:
                    stack.append((left - {place}, after))
    return False


def applied(call: Call, value: Value) -> Value:
    match call.what:
        case "raise":
            return value._replace(fence=value.fence + 1)
        case "cancel":
            return value._replace(cancelled=True)
        case _:
            return value
