"""Two thin ways to run a dialogue: blocking over grpc, awaiting over grpc.aio.

Both send a call again on UNAVAILABLE and on a CANCELLED that nobody here asked for, and on nothing
else; never without a deadline.
"""

import asyncio
import json
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from typing import Any, TypeVar

import grpc
from google.protobuf.message import Message

from directrix.client.credentials import Credentials, Metadata
from directrix.client.errors import Unavailable, of_call
from directrix.client.spans import carried, span
from directrix.client.steps import Call, Dialogue, Observed, Pause, Step, T

M = TypeVar("M", bound=Message)

SERVICE_CONFIG = {
    "methodConfig": [
        {
            "name": [{}],
            "retryPolicy": {
                "maxAttempts": 5,
                "initialBackoff": "0.1s",
                "maxBackoff": "1s",
                "backoffMultiplier": 2,
                # CANCELLED is how a stopping gRPC server drops calls that it has not taken yet;
                # a call that its own caller cancels is not sent again
                "retryableStatusCodes": ["UNAVAILABLE", "CANCELLED"],
            },
        }
    ],
    # a gateway that dies under a hundred calls of one client is one failure, not a storm
    "retryThrottling": {"maxTokens": 200, "tokenRatio": 0.5},
}
PAUSE = 0.1
"""Seconds before a stream is begun again; each further pause is twice as long."""
BROKEN = "Internal error from Core"
"""What grpc.aio says of a stream that ended while it was written to, whatever its status."""
MEBIBYTE = 1024 * 1024
OPTIONS = (
    ("grpc.service_config", json.dumps(SERVICE_CONFIG)),
    ("grpc.enable_retries", 1),
    # a gateway that took the place of another is found within the time of the retries
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 2000),
    ("grpc.max_send_message_length", 16 * MEBIBYTE),
    ("grpc.max_receive_message_length", 64 * MEBIBYTE),
)


AnyCredentials = Credentials | grpc.ChannelCredentials | None


class Transport:
    """Blocks. `timeout` replaces every call's own deadline where it is given, in seconds."""

    def __init__(
        self,
        target: str,
        timeout: float | None = None,
        credentials: AnyCredentials = None,
    ):
        self._timeout = timeout
        self._metadata, secure = _taken(credentials, target)
        self._channel = (
            grpc.secure_channel(target, secure, OPTIONS)
            if secure
            else grpc.insecure_channel(target, OPTIONS)
        )

    def run(self, dialogue: Dialogue[T]) -> T:
        """Raises ApiError."""
        answer: Any = None
        while True:
            try:
                step = dialogue.send(answer)
            except StopIteration as end:
                return end.value
            answer = self._take(step)

    def listen(self, call: Call) -> Iterator[Any]:
        """What a stream says to one request. Raises ApiError."""
        for failures in range(call.begun_again + 1):
            try:
                yield from self._listen(call)
                return
            except Unavailable:
                if failures == call.begun_again:
                    raise
            time.sleep(PAUSE * 2**failures)

    def _listen(self, call: Call) -> Iterator[Any]:
        stream = self._channel.unary_stream(
            call.rpc,
            request_serializer=type(call.request).SerializeToString,
            response_deserializer=call.answer.FromString,
        )(call.request, timeout=self._timeout or call.deadline, metadata=self._metadata())
        try:
            yield from stream
        except grpc.RpcError as error:
            raise of_call(error) from error
        finally:
            stream.cancel()

    def observe(self, call: Call) -> Observed:
        """One call without its dialogue, for diagnosis. Raises ApiError."""
        rpc = self._channel.unary_unary(
            call.rpc,
            request_serializer=type(call.request).SerializeToString,
            response_deserializer=call.answer.FromString,
        )
        began = time.perf_counter()
        try:
            answer, ended = rpc.with_call(
                call.request, timeout=self._timeout or call.deadline, metadata=self._metadata()
            )
        except grpc.RpcError as error:
            raise of_call(error) from error
        return _observed(answer, began, ended.trailing_metadata())

    def close(self) -> None:
        self._channel.close()

    def _take(self, step: Step) -> Message | None:
        if isinstance(step, Pause):
            time.sleep(step.seconds)
            return None
        call = self._channel.unary_unary(
            step.rpc,
            request_serializer=type(step.request).SerializeToString,
            response_deserializer=step.answer.FromString,
        )
        timeout = self._timeout or step.deadline
        with span(step.rpc):
            try:
                return call(step.request, timeout=timeout, metadata=self._metadata())
            except grpc.RpcError as error:
                raise of_call(error) from error


class AsyncTransport:
    """Awaits; otherwise as `Transport`. Made inside a running event loop."""

    def __init__(
        self,
        target: str,
        timeout: float | None = None,
        credentials: AnyCredentials = None,
    ):
        self._timeout = timeout
        self._metadata, secure = _taken(credentials, target)
        self._channel = (
            grpc.aio.secure_channel(target, secure, OPTIONS)
            if secure
            else grpc.aio.insecure_channel(target, OPTIONS)
        )

    async def run(self, dialogue: Dialogue[T]) -> T:
        """Raises ApiError."""
        answer: Any = None
        while True:
            try:
                step = dialogue.send(answer)
            except StopIteration as end:
                return end.value
            answer = await self._take(step)

    async def listen(self, call: Call) -> AsyncIterator[Any]:
        """What a stream says to one request. Raises ApiError."""
        for failures in range(call.begun_again + 1):
            try:
                async for message in self._listen(call):
                    yield message
                return
            except Unavailable:
                if failures == call.begun_again:
                    raise
            await asyncio.sleep(PAUSE * 2**failures)

    async def _listen(self, call: Call) -> AsyncIterator[Any]:
        opened: Any = self._channel.unary_stream(
            call.rpc,
            request_serializer=type(call.request).SerializeToString,
            response_deserializer=call.answer.FromString,
        )
        stream = opened(
            call.request, timeout=self._timeout or call.deadline, metadata=self._metadata()
        )
        try:
            async for message in stream:
                yield message
        except grpc.RpcError as error:
            raise of_call(error) from error
        finally:
            stream.cancel()

    async def stream(
        self, rpc: str, requests: AsyncIterator[Message], answer: type[M]
    ) -> AsyncGenerator[M, None]:
        """A bidirectional stream, open as long as `requests` last. Raises ApiError."""
        call: Any = self._channel.stream_stream(
            rpc,
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=answer.FromString,
        )
        stream = call(requests, metadata=self._metadata())
        try:
            async for message in stream:
                yield message
        except grpc.RpcError as error:
            found = of_call(error)
            if BROKEN in found.message:
                raise Unavailable("the stream broke off", grpc.StatusCode.UNAVAILABLE) from error
            raise found from error
        finally:
            stream.cancel()

    async def observe(self, call: Call) -> Observed:
        """One call without its dialogue, for diagnosis. Raises ApiError."""
        rpc: Any = self._channel.unary_unary(
            call.rpc,
            request_serializer=type(call.request).SerializeToString,
            response_deserializer=call.answer.FromString,
        )
        began = time.perf_counter()
        timeout = self._timeout or call.deadline
        running = rpc(call.request, timeout=timeout, metadata=self._metadata())
        try:
            return _observed(await running, began, await running.trailing_metadata())
        except grpc.RpcError as error:
            raise of_call(error) from error

    async def close(self) -> None:
        await self._channel.close()

    async def _take(self, step: Step) -> Message | None:
        if isinstance(step, Pause):
            await asyncio.sleep(step.seconds)
            return None
        return await self._call(step)

    async def _call(self, step: Call) -> Message:
        call = self._channel.unary_unary(
            step.rpc,
            request_serializer=type(step.request).SerializeToString,
            response_deserializer=step.answer.FromString,
        )
        timeout = self._timeout or step.deadline
        with span(step.rpc):
            try:
                return await call(step.request, timeout=timeout, metadata=self._metadata())
            except grpc.RpcError as error:
                raise of_call(error) from error


def _observed(answer: Message, began: float, metadata: Any) -> Observed:
    """An answer that has just come. metadata: what came behind it, (key, value) pairs or None."""
    seconds = time.perf_counter() - began
    told = tuple((key, value) for key, value in metadata or () if isinstance(value, str))
    return Observed(answer, seconds, told)


def _taken(
    credentials: AnyCredentials, target: str
) -> tuple[Callable[[], Metadata], grpc.ChannelCredentials | None]:
    """What every call carries, and what the channel is made with."""
    if isinstance(credentials, Credentials):
        secure = credentials.channel(target)
        return lambda: (*credentials.metadata(), *carried()), secure
    return carried, credentials
