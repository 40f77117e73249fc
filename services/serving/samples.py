"""Ranges of seeded samples, as requests name them."""

from dataclasses import dataclass

from directrix.errors import InvalidField
from directrix.inference.v1 import inference_service_pb2 as pb
from directrix.wire.fields import within

LAST = 2**63 - 1


@dataclass(frozen=True)
class Span:
    """Samples start .. start + count of the population of `seed`, truncated by psi."""

    seed: int
    start: int
    count: int
    truncation: float


def sample_range(message: pb.SampleRange, path: str = "samples") -> Span:
    """Raises InvalidField. The count's own bound is the call's."""
    if not 0 <= message.truncation <= 2:
        raise InvalidField(
            f"truncation lies in [0, 2], not {message.truncation}", field=f"{path}.truncation"
        )
    start = within(message.start, 0, LAST - message.count, f"{path}.start")
    seed = within(message.seed, 0, LAST, f"{path}.seed")
    return Span(seed, start, message.count, message.truncation)


def pieces(span: Span, size: int) -> list[Span]:
    """The same samples in spans of at most `size`."""
    return [
        Span(span.seed, span.start + first, min(size, span.count - first), span.truncation)
        for first in range(0, span.count, size)
    ]
