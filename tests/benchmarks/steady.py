"""Callers who come and go at a steady rate, in a process of their own: `steady SPEC.json OUT.npz`.

Calls leave by the clock, not when others have been answered; where too many wait already, one is
left out and counted. Every channel has the shipped client's settings, and retires after a while,
so that all gateways of a port have callers. A rate of 0 is as fast as `most` in flight allow.
"""

import asyncio
import json
import sys
import time
from dataclasses import dataclass, field

import grpc
import grpc.aio
import numpy as np
from google.rpc import error_details_pb2, status_pb2

from directrix.client.transports import OPTIONS
from directrix.v1 import editing_service_pb2 as editing
from directrix.v1 import values_pb2 as values
from directrix.v1.editing_service_pb2_grpc import EditingServiceStub

CHANNELS = 8
CHANNEL_SECONDS = 12.0
"""After which a channel takes no more calls; another one takes its place."""
ANSWERED, TOLD, LOST = range(3)
"""An answer; UNAVAILABLE with RetryInfo, in time; neither."""
NOT_OURS = ("grpc.use_local_subchannel_pool", 1)
"""Channels of one process would share their connections otherwise."""


@dataclass
class _Line:
    """A channel with its calls. until: seconds of `time.monotonic`."""

    endpoint: str
    until: float
    flying: int = 0

    def __post_init__(self) -> None:
        self.channel = grpc.aio.insecure_channel(self.endpoint, options=[*OPTIONS, NOT_OURS])
        self.stub = EditingServiceStub(self.channel)


@dataclass
class Steady:
    """spec: endpoint, model, rate (calls a second), seconds, most, deadline, seed."""

    spec: dict
    begun: list[float] = field(default_factory=list)
    """Of each call: seconds of `time.time` at which it left."""
    seconds: list[float] = field(default_factory=list)
    outcomes: list[int] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    skipped: list[float] = field(default_factory=list)
    """When calls should have left for which there was no room."""

    async def run(self) -> None:
        now = time.monotonic()
        self._end = now + self.spec["seconds"]
        self._lines = [self._line(now, part / CHANNELS) for part in range(CHANNELS)]
        self._tasks: set[asyncio.Task[None]] = set()
        self._sent = 0
        await (self._by_the_clock() if self.spec["rate"] else self._in_a_loop())
        await asyncio.gather(*self._tasks)
        for line in self._lines:
            await line.channel.close()

    async def _by_the_clock(self) -> None:
        at, pause = time.monotonic(), 1 / self.spec["rate"]
        while at < self._end:
            await asyncio.sleep(max(at - time.monotonic(), 0))
            if len(self._tasks) < self.spec["most"]:
                self._start()
            else:
                self.skipped.append(time.time())
            at += pause

    async def _in_a_loop(self) -> None:
        while time.monotonic() < self._end:
            while len(self._tasks) < self.spec["most"]:
                self._start()
            await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)

    def _start(self) -> None:
        self._sent += 1
        task = asyncio.create_task(self._call(self._sent))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _call(self, number: int) -> None:
        line = self._taken(number % CHANNELS)
        line.flying += 1
        request = editing.EditImageRequest(
            recipe=values.Recipe(
                generator=self.spec["model"],
                seed=values.SeedSource(seed=self.spec["seed"], index=number),
            ),
            encoding=values.ENCODING_RAW,
        )
        left, began, outcome = time.time(), time.monotonic(), ANSWERED
        try:
            await line.stub.EditImage(request, timeout=self.spec["deadline"])
        except grpc.aio.AioRpcError as error:
            outcome = TOLD if _told(error) else LOST
            if outcome == LOST:
                self.lost.append(f"{left:.1f} {error.code().name}: {error.details()}"[:200])
        line.flying -= 1
        self.begun.append(left)
        self.seconds.append(time.monotonic() - began)
        self.outcomes.append(outcome)
        if line not in self._lines and not line.flying:
            await line.channel.close()

    def _taken(self, place: int) -> _Line:
        now = time.monotonic()
        if now > self._lines[place].until:
            self._lines[place] = self._line(now)
        return self._lines[place]

    def _line(self, now: float, part: float = 1.0) -> _Line:
        return _Line(self.spec["endpoint"], now + part * CHANNEL_SECONDS)


def _told(error: grpc.aio.AioRpcError) -> bool:
    """Whether it is UNAVAILABLE and says when to try again."""
    if error.code() is not grpc.StatusCode.UNAVAILABLE:
        return False
    packed = dict(error.trailing_metadata() or ()).get("grpc-status-details-bin", b"")
    details = status_pb2.Status.FromString(packed).details
    return any(each.Is(error_details_pb2.RetryInfo.DESCRIPTOR) for each in details)


def main(spec_path: str, out_path: str) -> None:
    with open(spec_path) as file:
        steady = Steady(json.load(file))
    asyncio.run(steady.run())
    np.savez(
        out_path,
        begun=np.array(steady.begun),
        seconds=np.array(steady.seconds),
        outcomes=np.array(steady.outcomes, np.uint8),
        lost=np.array(steady.lost, dtype=str),
        skipped=np.array(steady.skipped),
    )


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
