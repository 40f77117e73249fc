"""Slider: one stream of edits to its user, over as many streams of the service as that takes.

A gateway that is replaced breaks its streams off. What the user moves meanwhile is not lost: the
next stream begins with the newest recipe that has no answer. Older ones are overtaken.
"""

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import dataclass, field

from directrix.client.errors import Unavailable
from directrix.client.transports import AsyncTransport
from directrix.v1 import editing_service_pb2 as pb
from directrix.v1.values_pb2 import Recipe

STREAM = "/directrix.v1.EditingService/StreamEdits"
ATTEMPTS = 5
"""Streams in a row that end without an answer before it is given up."""
PAUSE = 0.1
"""Seconds before the second one; each further pause is twice as long."""


@dataclass(eq=False)
class Slider:
    """request: of a sequence number and a recipe. waiting: recipes without an answer, by number."""

    request: Callable[[int, Recipe], pb.StreamEditsRequest]
    waiting: dict[int, Recipe] = field(default_factory=dict)
    _over: bool = False
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def answers(
        self, transport: AsyncTransport, recipes: AsyncIterable[Recipe]
    ) -> AsyncIterator[tuple[Recipe, pb.StreamEditsResponse]]:
        """Each with its recipe. Raises ApiError, and whatever `recipes` raises."""
        reader = asyncio.create_task(self._read(recipes))
        failures, overtaken = 0, 0
        try:
            while True:
                stream = transport.stream(STREAM, self._requests(), pb.StreamEditsResponse)
                try:
                    async with aclosing(stream) as answers:
                        async for answer in answers:
                            recipe = self._taken(answer.sequence)
                            answer.dropped += overtaken
                            failures, overtaken = 0, 0
                            yield recipe, answer
                    break
                except Unavailable:
                    failures += 1
                    if failures == ATTEMPTS:
                        raise
                    overtaken += self._overtake()
                    await asyncio.sleep(PAUSE * 2 ** (failures - 1))
            await reader
        finally:
            reader.cancel()

    async def _read(self, recipes: AsyncIterable[Recipe]) -> None:
        number = 0
        try:
            async for recipe in recipes:
                self.waiting[number] = recipe
                number += 1
                self._changed.set()
        finally:
            self._over = True
            self._changed.set()

    async def _requests(self) -> AsyncIterator[pb.StreamEditsRequest]:
        """Of one stream, from what has no answer on."""
        sent = -1
        while True:
            self._changed.clear()
            for number in [each for each in self.waiting if each > sent]:
                sent = number
                if number in self.waiting:  # not answered meanwhile
                    yield self.request(number, self.waiting[number])
            if self._over and not any(each > sent for each in self.waiting):
                return
            if not any(each > sent for each in self.waiting):
                await self._changed.wait()

    def _taken(self, sequence: int) -> Recipe:
        """The recipe of an answer; nothing older is waited for."""
        recipe = self.waiting[sequence]
        for number in [each for each in self.waiting if each <= sequence]:
            del self.waiting[number]
        return recipe

    def _overtake(self) -> int:
        """Keeps the newest only: how many others there were."""
        old = sorted(self.waiting)[:-1]
        for number in old:
            del self.waiting[number]
        return len(old)
