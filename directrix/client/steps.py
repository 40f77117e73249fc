"""What client and service say to one another, without saying who waits how.

A dialogue is a generator that yields steps (a call to make, a pause to take), is sent the answer
to each, and returns a value. The sync and the async transport run the same dialogues, so requests
are built and answers decoded in one place.
"""

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any, TypeVar

from google.protobuf.message import Message

T = TypeVar("T")


@dataclass(frozen=True)
class Call:
    """One call: full name of the RPC, request, type of the answer, deadline in seconds.

    begun_again: of a stream: how often it may be begun again where it breaks off as UNAVAILABLE.
    """

    rpc: str
    request: Message
    answer: type[Message]
    deadline: float
    begun_again: int = 0


@dataclass(frozen=True)
class Observed:
    """An answer with what it took, in seconds, and the metadata that came behind it."""

    answer: Any
    seconds: float
    metadata: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Pause:
    """Waits; the answer is None."""

    seconds: float


Step = Call | Pause
Dialogue = Generator[Step, Any, T]
