"""What happens around every call: decode, check, call, answer for errors, one line of log.

    bytes -> request (MALFORMED_MESSAGE) -> rules (INVALID_FIELD) -> servicer -> response
                                                               \\-> error -> google.rpc.Status

grpc.aio would answer a message that it cannot decode with UNKNOWN and leave calls that do not
exist without a reason: so requests are decoded here, and a missing handler is replaced by one that
says CALL_UNKNOWN.
"""

import asyncio
import os
import time
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from inspect import iscoroutinefunction
from typing import Any, NoReturn

import grpc
from google.protobuf.message import DecodeError, Message
from grpc_status import rpc_status

from directrix.errors import CallUnknown, DirectrixError, Internal, MessageMalformed
from services.gateway.errors import code_of, status_of
from services.gateway.log import Log
from services.gateway.validation import Rules
from services.sight import ids, metrics, tracing

REQUEST_ID = ids.REQUEST_KEY

Handler = Any  # grpc.RpcMethodHandler; its fields are untyped
Context = Any  # grpc.aio.ServicerContext, generic in types that do not matter here


@dataclass
class _Call:
    """One call, for its answer's metadata and its line of log."""

    method: str
    request_id: str
    began: float

    @classmethod
    def begin(cls, method: str, context: Context) -> "_Call":
        request_id = ids.offered(context.invocation_metadata()) or os.urandom(8).hex()
        call = cls(method, request_id, time.perf_counter())
        ids.bind(request_id=request_id, rpc=method)
        tracing.annotate(request_id=request_id)
        context.set_trailing_metadata(((REQUEST_ID, call.request_id),))
        return call


class Guard(grpc.aio.ServerInterceptor):
    """The only interceptor: its order of steps is the point of it."""

    def __init__(self, rules: Rules, log: Log):
        self._rules = rules
        self._log = log
        self._wrapped: dict[str, Handler] = {}

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Handler]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Handler:
        method = handler_call_details.method
        known = self._wrapped.get(method)
        if known is None:
            handler = await continuation(handler_call_details)
            if handler is None:
                return self._missing(method)  # not kept: anybody can make up names
            known = self._wrapped[method] = self._wrap(method, handler)
        return known

    def _wrap(self, method: str, handler: Handler) -> Handler:
        if handler.request_streaming:
            return grpc.stream_stream_rpc_method_handler(
                self._stream(method, handler.request_deserializer, handler.stream_stream),
                response_serializer=handler.response_serializer,
            )
        if handler.response_streaming and not iscoroutinefunction(handler.unary_stream):
            return grpc.unary_stream_rpc_method_handler(
                self._telling(method, handler.request_deserializer, handler.unary_stream),
                response_serializer=handler.response_serializer,
            )
        # a coroutine may write its stream to the context itself, as that of health does
        make = (
            grpc.unary_stream_rpc_method_handler
            if handler.response_streaming
            else grpc.unary_unary_rpc_method_handler
        )
        return make(
            self._unary(
                method, handler.request_deserializer, handler.unary_unary or handler.unary_stream
            ),
            response_serializer=handler.response_serializer,
        )

    def _unary(
        self, method: str, decode: Callable[[bytes], Message], behaviour: Callable[..., Any]
    ) -> Callable[[bytes, Context], Awaitable[Any]]:
        async def answer(data: bytes, context: Context) -> Any:
            call = _Call.begin(method, context)
            try:
                response = await behaviour(self._read(method, decode, data), context)
            except BaseException as error:
                await self._refuse(call, error, context)
            self._line(call, "OK")
            return response

        return answer

    def _telling(
        self, method: str, decode: Callable[[bytes], Message], behaviour: Callable[..., Any]
    ) -> Callable[[bytes, Context], AsyncIterator[Any]]:
        async def answer(data: bytes, context: Context) -> AsyncIterator[Any]:
            call = _Call.begin(method, context)
            try:
                async for response in behaviour(self._read(method, decode, data), context):
                    yield response
            except BaseException as error:
                await self._refuse(call, error, context)
            self._line(call, "OK")

        return answer

    def _stream(
        self, method: str, decode: Callable[[bytes], Message], behaviour: Callable[..., Any]
    ) -> Callable[[AsyncIterator[bytes], Context], AsyncIterator[Any]]:
        async def answer(arriving: AsyncIterator[bytes], context: Context) -> AsyncIterator[Any]:
            call = _Call.begin(method, context)

            async def requests() -> AsyncIterator[Message]:
                async for data in arriving:
                    yield self._read(method, decode, data)

            try:
                async for response in behaviour(requests(), context):
                    yield response
            except BaseException as error:
                await self._refuse(call, error, context)
            self._line(call, "OK")  # also where the caller has left: grpc.aio ends the stream

        return answer

    def _read(self, method: str, decode: Callable[[bytes], Message], data: bytes) -> Message:
        try:
            request = decode(data)
        except DecodeError as error:
            raise MessageMalformed(f"the bytes are not a request of {method}") from error
        self._rules.check(request)
        return request

    def _missing(self, method: str) -> Handler:
        async def answer(arriving: AsyncIterator[bytes], context: Context) -> AsyncIterator[bytes]:
            call = _Call.begin(method[:200], context)
            await self._refuse(call, CallUnknown(f"there is no call {method[:200]}"), context)
            yield b""  # never reached; makes this a stream

        return grpc.stream_stream_rpc_method_handler(answer)

    async def _refuse(self, call: _Call, error: BaseException, context: Context) -> NoReturn:
        """Ends the call with the status of `error`."""
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
        self._log.call(call.method, code, reason, seconds, call.request_id)


async def _abort(context: Context, error: DirectrixError, request_id: str) -> NoReturn:
    status = rpc_status.to_status(status_of(error, request_id))
    metadata = (*status.trailing_metadata, (REQUEST_ID, request_id))
    await context.abort(status.code, status.details, metadata)
    raise error  # abort has raised; this tells the type checker so
