"""Calls are made again while replicas are away, until there is hardly time left to say so."""

import asyncio
import time

import pytest

from directrix.errors import (
    DeadlineExceeded,
    DirectrixError,
    InvalidField,
    QueueFull,
    ServingUnavailable,
)
from services.gateway.holding import PAUSE, Holding


class Replica:
    """Fails with these, one after the other, then answers 7."""

    def __init__(self, *failures: DirectrixError):
        self.failures = list(failures)
        self.calls = 0

    async def call(self) -> int:
        self.calls += 1
        if self.failures:
            raise self.failures.pop(0)
        return 7


def answer(replica: Replica, seconds: float, holding: Holding | None = None) -> int:
    deadline = time.monotonic() + seconds
    return asyncio.run((holding or Holding()).answer(replica.call, deadline))


def test_whatever_passes_is_waited_for() -> None:
    passing = [ServingUnavailable("away"), ServingUnavailable("away"), QueueFull("all are back")]
    replica = Replica(*passing)
    assert answer(replica, 30) == 7
    assert replica.calls == 4


def test_it_says_so_while_there_is_somebody_to_hear_it() -> None:
    began = time.monotonic()
    with pytest.raises(ServingUnavailable):
        answer(Replica(*[ServingUnavailable("it stops")] * 100), 1.0)
    assert time.monotonic() - began < 1.0


def test_it_is_not_held_for_longer_than_the_settings_want() -> None:
    replica = Replica(*[ServingUnavailable("away")] * 100)
    with pytest.raises(ServingUnavailable, match="away"):
        answer(replica, 60, Holding(2.5 * PAUSE))
    assert replica.calls == 3
    with pytest.raises(ServingUnavailable):
        answer(Replica(ServingUnavailable("away")), 60, Holding(0))


def test_what_waits_too_long_is_told_to_try_again() -> None:
    """Nothing failed; there are too many others. It leaves the queue."""
    left = []

    async def wait() -> int:
        try:
            await asyncio.sleep(30)
        except asyncio.CancelledError:
            left.append(True)
            raise
        return 7

    async def scene() -> None:
        await Holding().prompt(wait, time.monotonic() + 1.0)

    began = time.monotonic()
    with pytest.raises(ServingUnavailable):
        asyncio.run(scene())
    assert 0.8 < time.monotonic() - began < 1.0
    assert left


def test_a_call_that_came_without_time_is_not_begun() -> None:
    replica = Replica()
    with pytest.raises(DeadlineExceeded):
        asyncio.run(Holding().prompt(replica.call, time.monotonic()))
    assert not replica.calls


@pytest.mark.parametrize("error", [QueueFull("full"), InvalidField("wrong", field="x")])
def test_what_is_an_answer_is_told_at_once(error: DirectrixError) -> None:
    replica = Replica(error)
    with pytest.raises(type(error)):
        answer(replica, 30)
    assert replica.calls == 1
