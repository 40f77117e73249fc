"""grpc_server_* metrics of all four kinds of call, over a real server."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import grpc
import pytest
from prometheus_client import REGISTRY

from services.sight import calls
from services.sight.calls import CallMetrics

HEALTH = "grpc.health.v1.Health"
ECHO = "test.Echo"
KINDS = {"One": "unary", "Many": "server_stream", "Sum": "client_stream", "Each": "bidi_stream"}


async def one(request: bytes, context: Any) -> bytes:
    if request == b"missing":
        await context.abort(grpc.StatusCode.NOT_FOUND, "there is none")
    if request == b"defect":
        raise ValueError("a defect")
    if request == b"slow":
        await asyncio.sleep(30)
    return request


async def many(request: bytes, context: Any) -> AsyncIterator[bytes]:
    for _ in range(3):
        yield request


async def total(requests: AsyncIterator[bytes], context: Any) -> bytes:
    return b"".join([request async for request in requests])


async def each(requests: AsyncIterator[bytes], context: Any) -> AsyncIterator[bytes]:
    async for request in requests:
        yield request


HANDLERS = {
    "One": grpc.unary_unary_rpc_method_handler(one),
    "Many": grpc.unary_stream_rpc_method_handler(many),
    "Sum": grpc.stream_unary_rpc_method_handler(total),
    "Each": grpc.stream_stream_rpc_method_handler(each),
}


class Echo(grpc.GenericRpcHandler):
    """Answers whatever is called, known or made up."""

    def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler | None:
        return HANDLERS.get(details.method.rpartition("/")[2], HANDLERS["One"])


def serve(scene: Callable[[grpc.aio.Channel], Awaitable[None]]) -> None:
    async def run() -> None:
        server = grpc.aio.server(interceptors=[CallMetrics([ECHO])])
        server.add_generic_rpc_handlers((Echo(),))
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        try:
            async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
                await scene(channel)
        finally:
            await server.stop(1)

    asyncio.run(asyncio.wait_for(run(), 20))


@pytest.fixture(autouse=True)
def _echo(monkeypatch: pytest.MonkeyPatch) -> None:
    """A service of this test's, which no proto describes."""
    known = {f"/{ECHO}/{name}": (kind, ECHO, name) for name, kind in KINDS.items()}
    monkeypatch.setattr(calls, "_methods", lambda service: list(known.items()))


def value(name: str, method: str, **labels: str) -> float:
    labels |= {"grpc_type": KINDS[method], "grpc_service": ECHO, "grpc_method": method}
    return REGISTRY.get_sample_value(name, labels) or 0.0


def handled(method: str, code: str) -> float:
    return value("grpc_server_handled_total", method, grpc_code=code)


def test_every_kind_is_counted_with_its_messages() -> None:
    before = {m: [value(f"grpc_server_{n}_total", m) for n in NAMES] for m in KINDS}
    ended = {m: handled(m, "OK") for m in KINDS}

    async def scene(channel: grpc.aio.Channel) -> None:
        assert await channel.unary_unary(f"/{ECHO}/One")(b"a") == b"a"
        assert len([m async for m in channel.unary_stream(f"/{ECHO}/Many")(b"a")]) == 3
        assert await channel.stream_unary(f"/{ECHO}/Sum")(iter([b"a", b"b"])) == b"ab"
        assert len([m async for m in channel.stream_stream(f"/{ECHO}/Each")(iter([b"a"] * 4))]) == 4

    serve(scene)
    wanted = {"One": (1, 1, 1), "Many": (1, 1, 3), "Sum": (1, 2, 1), "Each": (1, 4, 4)}
    for method, counts in wanted.items():
        now = [value(f"grpc_server_{n}_total", method) for n in NAMES]
        assert tuple(a - b for a, b in zip(now, before[method], strict=True)) == counts, method
        assert handled(method, "OK") - ended[method] == 1
        assert value("grpc_server_handling_seconds_count", method) >= 1


NAMES = ("started", "msg_received", "msg_sent")


@pytest.mark.parametrize(
    ("request_", "timeout", "code"),
    [
        (b"missing", 5, "NotFound"),
        (b"defect", 5, "Unknown"),
        (b"slow", 0.3, "DeadlineExceeded"),
    ],
)
def test_the_code_is_what_the_caller_is_told(request_: bytes, timeout: float, code: str) -> None:
    before = handled("One", code)

    async def scene(channel: grpc.aio.Channel) -> None:
        with pytest.raises(grpc.aio.AioRpcError):
            await channel.unary_unary(f"/{ECHO}/One")(request_, timeout=timeout)
        await asyncio.sleep(0.1)

    serve(scene)
    assert handled("One", code) - before == 1


def test_a_caller_that_leaves_is_counted_as_such() -> None:
    before = handled("One", "Canceled")

    async def scene(channel: grpc.aio.Channel) -> None:
        call = channel.unary_unary(f"/{ECHO}/One")(b"slow")
        await asyncio.sleep(0.2)
        call.cancel()
        await asyncio.sleep(0.2)

    serve(scene)
    assert handled("One", "Canceled") - before == 1


def test_names_that_callers_make_up_are_no_labels() -> None:
    async def scene(channel: grpc.aio.Channel) -> None:
        for i in range(5):
            await channel.unary_unary(f"/made.Up/Name{i}")(b"a")

    serve(scene)
    names = {s.labels.get("grpc_method", "") for m in REGISTRY.collect() for s in m.samples}
    assert not [name for name in names if name.startswith("Name")]
    assert "unknown" in names


def test_methods_are_read_from_their_descriptors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    from grpc_health.v1 import health_pb2  # noqa: F401 (registers its descriptors)

    CallMetrics([HEALTH])
    labels = {"grpc_service": HEALTH, "grpc_method": "Watch", "grpc_type": "server_stream"}
    assert (
        REGISTRY.get_sample_value("grpc_server_started_total", labels) is not None
    )  # others may have called it
