"""How long a call may still take, in the seconds of `time.monotonic`."""

import time
from typing import Any

from directrix.errors import DeadlineExceeded

EDIT_SECONDS = 60.0
SEARCH_SECONDS = 600.0
STREAM_SECONDS = 24 * 3600.0
"""Inversions and explanations: for callers that set no deadline of their own."""


def deadline_of(context: Any, longest: float = EDIT_SECONDS) -> float:
    """The caller's deadline, at most `longest` from now."""
    remaining = context.time_remaining()
    return time.monotonic() + (longest if remaining is None else min(remaining, longest))


def seconds_to(deadline: float) -> float:
    """Raises DeadlineExceeded where nothing is left."""
    left = deadline - time.monotonic()
    if left <= 0:
        raise DeadlineExceeded("the call's time ran out before its work began")
    return left
