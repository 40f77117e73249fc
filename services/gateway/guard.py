"""What happens around every call: who, decode, check, call, answer for errors, one line of log.

    headers -> caller (UNAUTHENTICATED)              before the body is read
    bytes -> request (MALFORMED_MESSAGE) -> rules (INVALID_FIELD) -> entitled? (PERMISSION_DENIED)
          -> limits (RATE_LIMITED) -> servicer -> response
                                             \\-> error -> google.rpc.Status

grpc.aio would answer a message that it cannot decode with UNKNOWN and leave calls that do not
exist without a reason: so requests are decoded here, and a missing handler is replaced by one that
says CALL_UNKNOWN.
"""

import asyncio
import os
import time
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from inspect import iscoroutinefunction
from typing import Any, NamedTuple, NoReturn

import grpc
from google.protobuf.message import DecodeError, Message
from grpc_status import rpc_status

from directrix.errors import (
    CallUnknown,
    DirectrixError,
    Internal,
    MessageMalformed,
    Unavailable,
)
from services.access import Principal
from services.access.identities import Metadata
from services.access.rates import Rates
from services.gateway.costs import images_of
from services.gateway.door import Door
from services.gateway.errors import RETRY_SECONDS, code_of, status_of
from services.gateway.log import Log
from services.gateway.validation import Rules
from services.sight import ids, metrics, tracing

REQUEST_ID = ids.REQUEST_KEY
VERSION = ("directrix-version", version("directrix"))
KNOWN_SECONDS = 10.0
"""How long a stream goes on without looking at its credentials again: they expire, or are revoked.
"""

PUSHBACK = ("grpc-retry-pushback-ms", "-1")
"""Tells gRPC in the caller's process not to send a call again by itself."""

Handler = Any  # grpc.RpcMethodHandler; its fields are untyped
Context = Any  # grpc.aio.ServicerContext, generic in types that do not matter here


@dataclass
class _Call:
    """One call, for its answer's metadata and its line of log."""

    method: str
    request_id: str
    began: float
    caller: str = ""
    project: str = ""

    @classmethod
    def begin(cls, method: str, context: Context) -> "_Call":
        request_id = ids.offered(context.invocation_metadata()) or os.urandom(8).hex()
        call = cls(method, request_id, time.perf_counter())
        ids.bind(request_id=request_id, rpc=method)
        tracing.annotate(request_id=request_id)
        context.set_trailing_metadata(
            ((REQUEST_ID, call.request_id), VERSION, ("directrix-time", f"{time.time():.3f}"))
        )
        return call


class _Way(NamedTuple):
    """How a call gets in: `bearer` is who its headers say it is."""

    method: str
    decode: Callable[[bytes], Message]
    metadata: Metadata
    bearer: Principal | None


class Guard(grpc.aio.ServerInterceptor):
    """The only interceptor: its order of steps is the point of it."""

    def __init__(
        self,
        rules: Rules,
        log: Log,
        door: Door,
        rates: Rates,
        known_seconds: float = KNOWN_SECONDS,
    ):
        self._known_seconds = known_seconds
        self._rules = rules
        self._log = log
        self._door = door
        self._rates = rates
        self._known: dict[str, Handler] = {}
        self._running: set[asyncio.Task[Any]] = set()
        self._let_go: set[asyncio.Task[Any]] = set()

    def let_go(self) -> None:
        """Ends the calls that still run: their callers hear UNAVAILABLE, and may try again with
        whoever answers here next."""
        self._let_go |= self._running
        for task in self._let_go:
            task.cancel()

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Handler]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Handler:
        method = handler_call_details.method
        handler = self._known.get(method) or await continuation(handler_call_details)
        if handler is None:  # not kept: anybody can make up names
            return self._refusing(method[:200], CallUnknown(f"there is no call {method[:200]}"))
        self._known[method] = handler
        try:
            metadata = handler_call_details.invocation_metadata or ()
            bearer = self._door.bearer(method, metadata)
        except DirectrixError as error:
            return self._refusing(method, error)
        return self._wrap(_Way(method, handler.request_deserializer, metadata, bearer), handler)

    def _wrap(self, way: _Way, handler: Handler) -> Handler:
        if handler.request_streaming:
            return grpc.stream_stream_rpc_method_handler(
                self._stream(way, handler.stream_stream),
                response_serializer=handler.response_serializer,
            )
        if handler.response_streaming and not iscoroutinefunction(handler.unary_stream):
            return grpc.unary_stream_rpc_method_handler(
                self._telling(way, handler.unary_stream),
                response_serializer=handler.response_serializer,
            )
        # a coroutine may write its stream to the context itself, as that of health does
        make = (
            grpc.unary_stream_rpc_method_handler
            if handler.response_streaming
            else grpc.unary_unary_rpc_method_handler
        )
        return make(
            self._unary(way, handler.unary_unary or handler.unary_stream),
            response_serializer=handler.response_serializer,
        )

    def _unary(
        self, way: _Way, behaviour: Callable[..., Any]
    ) -> Callable[[bytes, Context], Awaitable[Any]]:
        async def answer(data: bytes, context: Context) -> Any:
            call = _Call.begin(way.method, context)
            with self._runs():
                try:
                    caller = self._admit(way, call, context)
                    response = await behaviour(await self._read(way, call, caller, data), context)
                except BaseException as error:
                    await self._refuse(call, error, context)
            self._line(call, "OK")
            return response

        return answer

    def _telling(
        self, way: _Way, behaviour: Callable[..., Any]
    ) -> Callable[[bytes, Context], AsyncIterator[Any]]:
        async def answer(data: bytes, context: Context) -> AsyncIterator[Any]:
            call = _Call.begin(way.method, context)
            with self._runs():
                try:
                    caller = self._admit(way, call, context)
                    request = await self._read(way, call, caller, data)
                    async for response in behaviour(request, context):
                        yield response
                except BaseException as error:
                    await self._refuse(call, error, context)
            self._line(call, "OK")

        return answer

    def _stream(
        self, way: _Way, behaviour: Callable[..., Any]
    ) -> Callable[[AsyncIterator[bytes], Context], AsyncIterator[Any]]:
        async def answer(arriving: AsyncIterator[bytes], context: Context) -> AsyncIterator[Any]:
            call = _Call.begin(way.method, context)

            async def requests(caller: Principal) -> AsyncIterator[Message]:
                first, known_at = 1, time.monotonic()
                async for data in arriving:
                    if time.monotonic() > known_at + self._known_seconds:
                        bearer = self._door.bearer(way.method, way.metadata)
                        caller = self._door.admit(way.method, bearer, context)
                        known_at = time.monotonic()
                    # what is overtaken is not drawn: answers count as images, messages do not
                    yield await self._read(way, call, caller, data, first, 0)
                    first = 0

            with self._runs():
                try:
                    caller = self._admit(way, call, context)
                    async for response in behaviour(requests(caller), context):
                        yield response
                        if call.project:
                            await self._rates.take(call.project, 0, 1)
                except BaseException as error:
                    await self._refuse(call, error, context)
            self._line(call, "OK")  # also where the caller has left: grpc.aio ends the stream

        return answer

    @contextmanager
    def _runs(self) -> Iterator[None]:
        """Whoever is let go is let go here."""
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("calls are answered in tasks")
        self._running.add(task)
        try:
            yield
        finally:
            self._running.discard(task)
            self._let_go.discard(task)

    def _admit(self, way: _Way, call: _Call, context: Context) -> Principal:
        caller = self._door.admit(way.method, way.bearer, context)
        call.caller = caller.subject
        ids.bind(subject=caller.subject)
        return caller

    async def _read(
        self,
        way: _Way,
        call: _Call,
        caller: Principal,
        data: bytes,
        requests: int = 1,
        images: int | None = None,
    ) -> Message:
        try:
            request = way.decode(data)
        except DecodeError as error:
            raise MessageMalformed(f"the bytes are not a request of {way.method}") from error
        self._rules.check(request)
        call.project = self._door.authorise(way.method, caller, request)
        if call.project:
            ids.bind(project=call.project)
            cost = images_of(request) if images is None else images
            await self._rates.take(call.project, requests, cost)
        return request

    def _refusing(self, method: str, error: DirectrixError) -> Handler:
        """Answers without reading what is sent."""

        async def answer(arriving: AsyncIterator[bytes], context: Context) -> AsyncIterator[bytes]:
            await self._refuse(_Call.begin(method, context), error, context)
            yield b""  # never reached; makes this a stream

        return grpc.stream_stream_rpc_method_handler(answer)

    async def _refuse(self, call: _Call, error: BaseException, context: Context) -> NoReturn:
        """Ends the call with the status of `error`."""
        if isinstance(error, asyncio.CancelledError) and asyncio.current_task() in self._let_go:
            error = Unavailable("this gateway is being stopped; try again")
        if isinstance(error, (asyncio.CancelledError, GeneratorExit)):
            self._line(call, "CANCELLED", "CANCELLED")
            raise error
        if isinstance(error, grpc.aio.AbortError) or not isinstance(error, Exception):
            self._line(call, "ABORTED_BY_SERVICER")
            raise error
        if not isinstance(error, DirectrixError):
            self._log.defect(call.method, call.request_id, traceback.format_exception(error))
            error = Internal(f"a defect of ours; report request id {call.request_id}")
        self._line(call, code_of(error).name, error.reason)
        await _abort(context, error, call.request_id)

    def _line(self, call: _Call, code: str, reason: str = "") -> None:
        if reason:
            metrics.FAILURES.labels(reason).inc()
        seconds = time.perf_counter() - call.began
        self._log.call(
            call.method, code, reason, seconds, call.request_id, call.caller, call.project
        )


async def _abort(context: Context, error: DirectrixError, request_id: str) -> NoReturn:
    status = rpc_status.to_status(status_of(error, request_id))
    metadata = (*status.trailing_metadata, (REQUEST_ID, request_id))
    left = context.time_remaining()
    if left is not None and left < 2 * RETRY_SECONDS:
        # it would come to nothing but DEADLINE_EXCEEDED, and hide what is told here
        metadata += (PUSHBACK,)
    await context.abort(status.code, status.details, metadata)
    raise error  # abort has raised; this tells the type checker so
