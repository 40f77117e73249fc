"""Both clients against a plain server whose replica says what the test wants."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from directrix.errors import (
    DeadlineExceeded,
    FindingMismatch,
    QueueFull,
    ServingUnavailable,
)
from directrix.inference.v1 import inference_service_pb2 as pb
from directrix.wire.errors import error_to_proto
from services.inference.client import BlockingInferenceClient, InferenceClient
from services.serving.server import PlainServer


class Replica:
    """Answers every call with `error`, after `seconds`; remembers how many were cancelled."""

    def __init__(self, error: Exception, seconds: float = 0.0):
        self.error, self.seconds, self.cancelled = error, seconds, 0

    async def render(self, request: pb.RenderRequest) -> pb.RenderResponse:
        return pb.RenderResponse(error=await self._answer())

    async def sample(self, request: pb.SampleRequest) -> pb.SampleResponse:
        return pb.SampleResponse(error=await self._answer())

    async def score(self, request: pb.ScoreRequest) -> pb.ScoreResponse:
        return pb.ScoreResponse(error=await self._answer())

    async def explain(self, request: pb.ExplainRequest) -> AsyncIterator[pb.ExplainResponse]:
        yield pb.ExplainResponse(error=await self._answer())

    async def invert(self, request: pb.InvertRequest) -> pb.InvertResponse:
        return pb.InvertResponse(error=await self._answer())

    async def _answer(self) -> pb.ItemError:
        try:
            await asyncio.sleep(self.seconds)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        return error_to_proto(self.error)

    def close(self) -> None:
        self.closed = True


@asynccontextmanager
async def serving(replica: Replica) -> AsyncIterator[str]:
    server = PlainServer(replica, "127.0.0.1", 0, "")
    yield f"127.0.0.1:{await server.start()}"
    await server.stop(0)


CALLS = {
    "render": pb.RenderRequest(),
    "score": pb.ScoreRequest(),
    "explain": pb.ExplainRequest(),
    "invert": pb.InvertRequest(),
    "sample": pb.SampleRequest(),
}


async def asked(client: InferenceClient, name: str) -> object:
    if name == "explain":
        return [answer async for answer in client.explain(CALLS[name], 5)]
    return await getattr(client, name)(CALLS[name], 5)


def asked_blocking(client: BlockingInferenceClient, name: str) -> object:
    if name == "explain":
        return list(client.explain(CALLS[name], 5))
    return getattr(client, name)(CALLS[name], 5)


@pytest.mark.parametrize("name", CALLS)
def test_an_answers_error_is_raised_as_its_class(name):
    async def scenario():
        async with serving(Replica(FindingMismatch("not yours", set="f"))) as target:
            async with InferenceClient(target) as client:
                with pytest.raises(FindingMismatch) as caught:
                    await asked(client, name)
            assert caught.value.metadata == {"set": "f"}
            blocking = BlockingInferenceClient(target)
            with blocking, pytest.raises(FindingMismatch, match="not yours"):
                await asyncio.to_thread(asked_blocking, blocking, name)

    asyncio.run(scenario())


def test_a_deadline_ends_the_call_on_both_sides():
    async def scenario():
        replica = Replica(QueueFull("never said"), seconds=30)
        async with serving(replica) as target, InferenceClient(target) as client:
            with pytest.raises(DeadlineExceeded):
                await client.render(pb.RenderRequest(), 0.2)
            await asyncio.sleep(0.2)
        return replica.cancelled

    assert asyncio.run(scenario()) == 1


def test_whoever_stops_listening_cancels_the_call():
    async def scenario():
        replica = Replica(QueueFull("never said"), seconds=30)
        async with serving(replica) as target, InferenceClient(target) as client:
            answers = client.explain(pb.ExplainRequest(), 30)
            task = asyncio.ensure_future(anext(answers))
            await asyncio.sleep(0.3)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            await answers.aclose()
            await asyncio.sleep(0.2)
        return replica.cancelled

    assert asyncio.run(scenario()) == 1


def test_cancelling_the_task_cancels_the_call():
    async def scenario():
        replica = Replica(QueueFull("never said"), seconds=30)
        async with serving(replica) as target, InferenceClient(target) as client:
            task = asyncio.ensure_future(client.render(pb.RenderRequest(), 30))
            await asyncio.sleep(0.3)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            await asyncio.sleep(0.2)
        return replica.cancelled

    assert asyncio.run(scenario()) == 1


def test_ready_waits_for_a_replica_that_starts_later():
    async def scenario():
        async with serving(Replica(FindingMismatch("there"))) as target:
            port = int(target.rpartition(":")[2])
        client = InferenceClient(target)
        assert not await client.ready(0.5)
        with pytest.raises(ServingUnavailable):
            await client.wait_ready(0.2)
        waiting = asyncio.ensure_future(client.wait_ready(10))
        await asyncio.sleep(0.3)
        server = PlainServer(Replica(FindingMismatch("there")), "127.0.0.1", port, "")
        await server.start()
        await waiting
        await client.close()
        await server.stop(0)

    asyncio.run(scenario())
