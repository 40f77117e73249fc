"""Clients of the replicas, awaiting and blocking: the same calls, the same errors.

Requests and answers are the messages of directrix.inference.v1; names in them are digests. An
answer that carries an error of the whole call is raised as that very class of directrix.errors;
errors of single items of a Render stay in the answer (`directrix.wire.errors`).
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Iterator
from types import TracebackType
from typing import Any, Self

import grpc
from google.protobuf.message import Message
from grpc.aio import AioRpcError

from directrix.errors import (
    DeadlineExceeded,
    DirectrixError,
    Internal,
    ServingUnavailable,
    Unauthenticated,
)
from directrix.inference.v1 import inference_service_pb2 as pb
from directrix.inference.v1.inference_service_pb2_grpc import InferenceServiceStub
from directrix.wire.errors import error_from_proto
from services.inference.channel import OPTIONS, RETRY_SECONDS, CallMetadata, rpc_error
from services.sight import ids, tracing

Answer = (
    pb.RenderResponse
    | pb.ScoreResponse
    | pb.ExplainResponse
    | pb.InvertResponse
    | pb.SampleResponse
)
Metadata = tuple[tuple[str, str], ...]
SERVICE = "directrix.inference.v1.InferenceService"
PROBE = pb.SampleRequest()
"""Names no generator: a replica that is there refuses it in its own words."""


class InferenceClient:
    """Awaiting client; belongs to the event loop that first uses it.

    target: "host:port". secret: what replicas check, empty where they have none. application: the
    Ray Serve application, ignored by the plain server; scoring, explaining: those of these calls
    where they have one of their own. Every call takes `timeout` in seconds, None
    meaning no deadline, and raises ServingUnavailable, DeadlineExceeded, Cancelled, QueueFull,
    Unauthenticated or what the replica says. Cancelling the awaiting task cancels the call.
    """

    def __init__(
        self,
        target: str,
        secret: str = "",
        application: str = "",
        scoring: str = "",
        explaining: str = "",
    ):
        self._target = target
        self._metadata = CallMetadata(secret, application, scoring, explaining)
        self._channel: grpc.aio.Channel | None = None

    async def render(
        self, request: pb.RenderRequest, timeout: float | None = None
    ) -> pb.RenderResponse:
        return await self._call("Render", request, timeout)

    async def score(
        self, request: pb.ScoreRequest, timeout: float | None = None
    ) -> pb.ScoreResponse:
        return await self._call("Score", request, timeout)

    async def explain(
        self, request: pb.ExplainRequest, timeout: float | None = None
    ) -> AsyncGenerator[pb.ExplainResponse, None]:
        """Progress, then the answer. Closing the iterator cancels the call."""
        call = self._method("Explain")(request, timeout=timeout, metadata=self._carried("Explain"))
        try:
            async for answer in call:
                yield checked(answer)
        except AioRpcError as error:
            raise rpc_error(error.code(), error.details()) from error
        finally:
            call.cancel()

    async def invert(
        self, request: pb.InvertRequest, timeout: float | None = None
    ) -> pb.InvertResponse:
        return await self._call("Invert", request, timeout)

    async def sample(
        self, request: pb.SampleRequest, timeout: float | None = None
    ) -> pb.SampleResponse:
        return await self._call("Sample", request, timeout)

    async def ready(self, timeout: float = 2.0) -> bool:
        """Whether a replica answers. Raises Unauthenticated where the secret is wrong."""
        try:
            await self.sample(PROBE, timeout)
        except DirectrixError as error:
            return _answered(error)
        return True

    async def wait_ready(self, timeout: float) -> None:
        """Asks again and again. Raises ServingUnavailable after `timeout` seconds."""
        until = time.monotonic() + timeout
        while not await self.ready():
            if time.monotonic() > until:
                raise ServingUnavailable(f"no replica answered within {timeout:g} s")
            await asyncio.sleep(RETRY_SECONDS)

    async def close(self) -> None:
        if self._channel is not None:
            await self._channel.close()
            self._channel = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        await self.close()

    def _carried(self, method: str) -> Metadata:
        return self._metadata.of(method) + ids.outgoing()

    def _method(self, name: str) -> Any:
        if self._channel is None:
            self._channel = grpc.aio.insecure_channel(self._target, OPTIONS)
            self._stub = InferenceServiceStub(self._channel)
        return getattr(self._stub, name)

    async def _call(self, method: str, request: Message, timeout: float | None) -> Any:
        call = self._method(method)
        with tracing.span(f"{SERVICE}/{method}", "client"):
            try:
                answer = await call(request, timeout=timeout, metadata=self._carried(method))
            except AioRpcError as error:
                raise rpc_error(error.code(), error.details()) from error
            return checked(answer)


class BlockingInferenceClient:
    """The same for threads: every call waits for its answer."""

    def __init__(
        self,
        target: str,
        secret: str = "",
        application: str = "",
        scoring: str = "",
        explaining: str = "",
    ):
        self._metadata = CallMetadata(secret, application, scoring, explaining)
        self._channel = grpc.insecure_channel(target, OPTIONS)
        self._stub = InferenceServiceStub(self._channel)

    def render(self, request: pb.RenderRequest, timeout: float | None = None) -> pb.RenderResponse:
        return self._call("Render", request, timeout)

    def score(self, request: pb.ScoreRequest, timeout: float | None = None) -> pb.ScoreResponse:
        return self._call("Score", request, timeout)

    def explain(
        self, request: pb.ExplainRequest, timeout: float | None = None
    ) -> Iterator[pb.ExplainResponse]:
        """Progress, then the answer."""
        call = self._stub.Explain(request, timeout=timeout, metadata=self._carried("Explain"))
        try:
            for answer in call:
                yield checked(answer)
        except grpc.RpcError as error:
            raise rpc_error(error.code(), error.details()) from error
        finally:
            call.cancel()

    def invert(self, request: pb.InvertRequest, timeout: float | None = None) -> pb.InvertResponse:
        return self._call("Invert", request, timeout)

    def sample(self, request: pb.SampleRequest, timeout: float | None = None) -> pb.SampleResponse:
        return self._call("Sample", request, timeout)

    def ready(self, timeout: float = 2.0) -> bool:
        """Whether a replica answers. Raises Unauthenticated where the secret is wrong."""
        try:
            self.sample(PROBE, timeout)
        except DirectrixError as error:
            return _answered(error)
        return True

    def wait_ready(self, timeout: float) -> None:
        """Asks again and again. Raises ServingUnavailable after `timeout` seconds."""
        until = time.monotonic() + timeout
        while not self.ready():
            if time.monotonic() > until:
                raise ServingUnavailable(f"no replica answered within {timeout:g} s")
            time.sleep(RETRY_SECONDS)

    def close(self) -> None:
        self._channel.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self.close()

    def _carried(self, method: str) -> Metadata:
        return self._metadata.of(method) + ids.outgoing()

    def _call(self, method: str, request: Message, timeout: float | None) -> Any:
        with tracing.span(f"{SERVICE}/{method}", "client"):
            try:
                call = getattr(self._stub, method)
                answer = call(request, timeout=timeout, metadata=self._carried(method))
            except grpc.RpcError as error:
                raise rpc_error(error.code(), error.details()) from error
            return checked(answer)


def checked(answer: Answer) -> Answer:
    """The answer, or the error of the whole call that it carries, raised."""
    if answer.HasField("error"):
        raise error_from_proto(answer.error)
    return answer


def _answered(error: DirectrixError) -> bool:
    if isinstance(error, Unauthenticated):
        raise error
    return not isinstance(error, ServingUnavailable | DeadlineExceeded | Internal)
