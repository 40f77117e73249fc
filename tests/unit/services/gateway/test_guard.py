"""The guard around calls that fail in every way, over a real server on a loopback port."""

import asyncio
import io
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from directrix.errors import FindingMismatch, QueueFull
from directrix.v1 import editing_service_pb2 as editing
from directrix.v1 import model_service_pb2 as model
from directrix.v1.editing_service_pb2_grpc import (
    EditingServiceServicer,
    EditingServiceStub,
    add_EditingServiceServicer_to_server,
)
from directrix.v1.model_service_pb2_grpc import (
    ModelServiceServicer,
    ModelServiceStub,
    add_ModelServiceServicer_to_server,
)
from services.access import Identities, Scope
from services.access.keys import add_key, revoke_key
from services.access.rates import Rates
from services.gateway.door import Door
from services.gateway.guard import Guard
from services.gateway.log import Log
from services.gateway.validation import Rules
from services.settings import Settings

OPEN = Door(Identities.of(Settings()))
GOOD = model.GetModelRequest(name="projects/default/models/toy")


class Failing(ModelServiceServicer):
    """Fails as it is told to; creating takes for ever."""

    def __init__(self, error: BaseException | None):
        self._error = error

    async def GetModel(self, request: model.GetModelRequest, context: Any) -> model.Model:
        if self._error is not None:
            raise self._error
        return model.Model(name=request.name)

    async def CreateModel(self, request: model.CreateModelRequest, context: Any) -> model.Model:
        await asyncio.sleep(60)
        return model.Model()


class Echoing(EditingServiceServicer):
    async def StreamEdits(
        self, requests: AsyncIterator[editing.StreamEditsRequest], context: Any
    ) -> AsyncIterator[editing.StreamEditsResponse]:
        async for request in requests:
            yield editing.StreamEditsResponse(sequence=request.sequence)


def serve(
    error: BaseException | None,
    scene: Callable[[grpc.aio.Channel], Awaitable[None]],
    door: Door = OPEN,
) -> list[dict[str, Any]]:
    """Runs `scene` against a guarded server and returns the lines of its log."""
    log = io.StringIO()

    async def run() -> None:
        server = grpc.aio.server(
            interceptors=[Guard(Rules(), Log(log), door, Rates(), known_seconds=0)]
        )
        add_ModelServiceServicer_to_server(Failing(error), server)
        add_EditingServiceServicer_to_server(Echoing(), server)
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        try:
            async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
                await scene(channel)
        finally:
            await server.stop(1)

    asyncio.run(asyncio.wait_for(run(), 20))
    return [json.loads(line) for line in log.getvalue().splitlines()]


def test_a_good_call_has_one_line_and_a_request_id() -> None:
    async def scene(channel: grpc.aio.Channel) -> None:
        call = ModelServiceStub(channel).GetModel(GOOD)
        assert (await call).name == GOOD.name
        ids.append(dict(await call.trailing_metadata())["directrix-request-id"])

    ids: list[str] = []
    (line,) = serve(None, scene)
    assert (line["event"], line["code"], line["reason"]) == ("call", "OK", "")
    assert line["rpc"] == "/directrix.v1.ModelService/GetModel"
    assert line["request_id"] == ids[0]
    assert "toy" not in json.dumps(line)


def refused(error: BaseException | None, request: model.GetModelRequest = GOOD) -> tuple:
    """The client's error, its ErrorInfo, and the log."""
    caught: list[grpc.aio.AioRpcError] = []

    async def scene(channel: grpc.aio.Channel) -> None:
        with pytest.raises(grpc.aio.AioRpcError) as info:
            await ModelServiceStub(channel).GetModel(request)
        caught.append(info.value)

    lines = serve(error, scene)
    status = rpc_status.from_call(SyncFace(caught[0]))
    info = error_details_pb2.ErrorInfo()
    assert status.details[0].Unpack(info)
    return caught[0], info, lines


class SyncFace:
    """What `rpc_status.from_call` wants of a call."""

    def __init__(self, error: grpc.aio.AioRpcError):
        self.code, self.details = error.code, error.details
        self.trailing_metadata = error.trailing_metadata


def test_our_errors_keep_their_reason() -> None:
    error, info, lines = refused(FindingMismatch("not yours", finding_set="f"))
    assert error.code() is grpc.StatusCode.FAILED_PRECONDITION
    assert (info.reason, dict(info.metadata)) == ("FINDING_MISMATCH", {"finding_set": "f"})
    assert [(line["code"], line["reason"]) for line in lines] == [
        ("FAILED_PRECONDITION", "FINDING_MISMATCH")
    ]
    error, info, _ = refused(QueueFull("full"))
    assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


def test_a_defect_shows_its_request_id_and_nothing_else() -> None:
    error, info, lines = refused(RuntimeError("/secret/path is broken"))
    assert (error.code(), info.reason) == (grpc.StatusCode.INTERNAL, "INTERNAL")
    assert "secret" not in str(error)
    defect, call = lines
    assert defect["event"] == "defect"
    assert "RuntimeError: /secret/path is broken" in defect["trace"]
    assert defect["request_id"] == call["request_id"]
    assert call["request_id"] in error.details()


def test_rules_are_checked_before_the_servicer_is_asked() -> None:
    huge = model.GetModelRequest(name="x" * 100_000)
    error, info, _ = refused(RuntimeError("never reached"), huge)
    assert (error.code(), info.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_FIELD")
    assert info.metadata["field"] == "name"
    assert len(str(error)) < 10_000


def test_a_stream_serves_until_a_message_is_bad() -> None:
    async def scene(channel: grpc.aio.Channel) -> None:
        call = EditingServiceStub(channel).StreamEdits()
        first = editing.StreamEditsRequest(sequence=4)
        first.edit.recipe.generator = "projects/default/models/toy"
        first.edit.recipe.seed.seed = 1
        await call.write(first)
        assert (await call.read()).sequence == 4
        await call.write(editing.StreamEditsRequest(sequence=-1))
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await call.read()
        assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT

    (line,) = serve(None, scene)
    assert (line["code"], line["reason"]) == ("INVALID_ARGUMENT", "INVALID_FIELD")


def test_a_stream_ends_when_its_key_is_revoked(tmp_path: Path) -> None:
    file = tmp_path / "keys.json"
    key = add_key(file, {"default": frozenset({Scope.EDIT})})
    door = Door(Identities.of(Settings(access_keys=file)))
    wanted = editing.StreamEditsRequest(sequence=4)
    wanted.edit.recipe.generator = "projects/default/models/toy"
    wanted.edit.recipe.seed.seed = 1

    async def scene(channel: grpc.aio.Channel) -> None:
        metadata = (("authorization", f"Bearer {key}"),)
        call = EditingServiceStub(channel).StreamEdits(metadata=metadata)
        await call.write(wanted)
        assert (await call.read()).sequence == 4
        revoke_key(file, key.split("_")[1])
        await call.write(wanted)
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await call.read()
        assert caught.value.code() is grpc.StatusCode.UNAUTHENTICATED

    (line,) = serve(None, scene, door)
    assert (line["code"], line["project"]) == ("UNAUTHENTICATED", "default")


def test_a_caller_who_leaves_is_logged_as_cancelled() -> None:
    async def scene(channel: grpc.aio.Channel) -> None:
        request = model.CreateModelRequest(
            parent="projects/default", model_id="toy", card_json="{}", tensors=b"\0" * 8
        )
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await ModelServiceStub(channel).CreateModel(request, timeout=0.3)
        assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED

    (line,) = serve(None, scene)
    assert line["code"] == "CANCELLED"


def test_calls_that_are_let_go_hear_it_and_may_try_again() -> None:
    """A call that waits, one that has hardly any time left, and a stream."""
    request = model.CreateModelRequest(
        parent="projects/default", model_id="toy", card_json="{}", tensors=b"\0" * 8
    )
    log = io.StringIO()

    async def scene() -> list[grpc.aio.AioRpcError]:
        guard = Guard(Rules(), Log(log), OPEN, Rates())
        server = grpc.aio.server(interceptors=[guard])
        add_ModelServiceServicer_to_server(Failing(None), server)
        add_EditingServiceServicer_to_server(Echoing(), server)
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            models = ModelServiceStub(channel)
            long = models.CreateModel(request, timeout=30)
            stream = EditingServiceStub(channel).StreamEdits(timeout=30)
            first = editing.StreamEditsRequest()
            first.edit.recipe.generator = "projects/default/models/toy"
            first.edit.recipe.seed.seed = 1
            await stream.write(first)
            await stream.read()
            short = models.CreateModel(request, timeout=1.9)
            await asyncio.sleep(0.1)
            stopping = asyncio.create_task(server.stop(5))
            await asyncio.sleep(0.1)
            guard.let_go()
            ended = await asyncio.gather(long, short, stream.read(), return_exceptions=True)
            await stopping
        return ended

    ended = asyncio.run(asyncio.wait_for(scene(), 20))
    for error in ended:
        assert error.code() is grpc.StatusCode.UNAVAILABLE, error
        details = rpc_status.from_call(SyncFace(error)).details
        assert any(each.Is(error_details_pb2.RetryInfo.DESCRIPTOR) for each in details)
    pushed = [dict(error.trailing_metadata()).get("grpc-retry-pushback-ms") for error in ended]
    assert pushed == [None, "-1", None]
    assert len(log.getvalue().splitlines()) == 3
