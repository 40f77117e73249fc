"""A server that is stopped while calls arrive drops those that it has not taken yet: CANCELLED.

gRPC's server does so in its core, whoever calls and whatever the grace.
"""

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from multiprocessing import get_context
from multiprocessing.synchronize import Event
from typing import Any

import grpc
import pytest
from google.protobuf.wrappers_pb2 import BytesValue

from directrix.client.errors import ApiError
from directrix.client.steps import Call, Dialogue
from directrix.client.transports import Transport

SERVERS, CALLERS = 6, 40
BODY = BytesValue(value=b"x" * 20_000)
SPAWN = get_context("spawn")
pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]


def say() -> Dialogue[BytesValue]:
    return (yield Call("/test.Echo/Say", BODY, BytesValue, 30))


def serve(port: int, ready: Event, over: Event) -> None:
    async def answer(data: bytes, _: object) -> bytes:
        await asyncio.sleep(0.002)
        return data

    async def run() -> None:
        server = grpc.aio.server(options=[("grpc.so_reuseport", 1)])
        handlers: dict[str, Any] = {"Say": grpc.unary_unary_rpc_method_handler(answer)}
        server.add_generic_rpc_handlers(
            (grpc.method_handlers_generic_handler("test.Echo", handlers),)
        )
        server.add_insecure_port(f"127.0.0.1:{port}")
        await server.start()
        ready.set()
        await asyncio.to_thread(over.wait)
        await server.stop(5)

    asyncio.run(run())


@contextmanager
def served(port: int) -> Iterator[None]:
    """A server answers until it is left; then it stops as a gateway does."""
    ready, over = SPAWN.Event(), SPAWN.Event()
    process = SPAWN.Process(target=serve, args=(port, ready, over))
    process.start()
    try:
        assert ready.wait(30)
        yield
    finally:
        over.set()
        process.join(30)
        process.kill()


def test_calls_that_a_stopping_server_drops_are_sent_again() -> None:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    over, errors, answers = threading.Event(), list[str](), list[int]()

    def call() -> None:
        transport = Transport(f"127.0.0.1:{port}", timeout=30)
        while not over.is_set():
            try:
                said = transport.run(say())
                answers.append(len(said.value))
            except ApiError as error:
                errors.append(repr(error))
        transport.close()

    callers = [threading.Thread(target=call) for _ in range(CALLERS)]
    with ExitStack() as last:
        last.enter_context(served(port))
        for caller in callers:
            caller.start()
        try:
            for _ in range(SERVERS):
                with last.pop_all():  # which stops once its successor answers
                    last.enter_context(served(port))
        finally:
            over.set()
            for caller in callers:
                caller.join()
    assert errors == []
    assert len(answers) > CALLERS and set(answers) == {len(BODY.value)}
