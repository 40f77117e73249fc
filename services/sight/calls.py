"""CallMetrics: the grpc_server_* metrics that dashboards know, for servers of grpc.aio; and spans.

    grpc_server_started_total, grpc_server_handled_total, grpc_server_handling_seconds,
    grpc_server_msg_received_total, grpc_server_msg_sent_total

Names and labels are those of go-grpc-prometheus. A call that nobody knows is counted under
"unknown": names that callers make up are no labels.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import AbstractContextManager
from inspect import iscoroutinefunction
from time import perf_counter
from typing import Any

import grpc
from google.protobuf import descriptor_pool
from grpc import StatusCode
from prometheus_client import Counter, Histogram

from services.sight import tracing
from services.sight.metrics import SECONDS
from services.sight.tracing import NO_SPAN

LABELS = ("grpc_type", "grpc_service", "grpc_method")
STARTED = Counter("grpc_server_started_total", "Calls that began.", LABELS)
HANDLED = Counter("grpc_server_handled_total", "Calls that ended.", (*LABELS, "grpc_code"))
HANDLING = Histogram(
    "grpc_server_handling_seconds", "Seconds from begin to end of calls.", LABELS, buckets=SECONDS
)
RECEIVED = Counter("grpc_server_msg_received_total", "Messages of callers.", LABELS)
SENT = Counter("grpc_server_msg_sent_total", "Messages to callers.", LABELS)

QUIET = frozenset(
    {
        "unknown/unknown",
        "google.longrunning.Operations/GetOperation",
        "google.longrunning.Operations/WaitOperation",
        *(f"grpc.health.v1.Health/{name}" for name in ("Check", "Watch", "List")),
        "grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
    }
)
UNKNOWN = ("unary", "unknown", "unknown")
CODES = {code.name: "".join(word.title() for word in code.name.split("_")) for code in StatusCode}
CODES["OK"] = "OK"
"""As Go spells them: NotFound, DeadlineExceeded; "Canceled" has one l there."""
CODES["CANCELLED"] = "Canceled"

Context = Any  # grpc.aio.ServicerContext
Handler = Any  # grpc.RpcMethodHandler


class _Meter:
    """The metrics of one method, looked up once."""

    def __init__(self, labels: tuple[str, str, str]):
        self._labels = labels
        self.started = STARTED.labels(*labels)
        self.handling = HANDLING.labels(*labels)
        self.received = RECEIVED.labels(*labels)
        self.sent = SENT.labels(*labels)
        self._handled: dict[str, Counter] = {}
        self._name = "/".join(labels[1:])

    def traced(self, context: Context) -> AbstractContextManager[tracing.Span]:
        """A span of the call; polls and probes have one only below somebody's trace."""
        carried = tracing.of_metadata(context.invocation_metadata())
        if self._name in QUIET and not carried:
            return NO_SPAN
        return tracing.arrival(self._name, carried)

    def handled(self, code: str) -> None:
        known = self._handled.get(code)
        if known is None:
            known = self._handled[code] = HANDLED.labels(*self._labels, CODES.get(code, code))
        known.inc()


class CallMetrics(grpc.aio.ServerInterceptor):
    """services: full names of the services that are registered; their methods start at zero."""

    def __init__(self, services: Iterable[str]):
        self._meters = {
            name: _Meter(labels) for service in services for name, labels in _methods(service)
        }
        self._unknown = _Meter(UNKNOWN)

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Handler]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Handler:
        handler = await continuation(handler_call_details)
        if handler is None:
            return None
        return _metered(handler, self._meters.get(handler_call_details.method, self._unknown))


def _methods(service: str) -> list[tuple[str, tuple[str, str, str]]]:
    found = descriptor_pool.Default().FindServiceByName(service)
    kinds = {
        (False, False): "unary",
        (False, True): "server_stream",
        (True, False): "client_stream",
        (True, True): "bidi_stream",
    }
    return [
        (
            f"/{service}/{method.name}",
            (kinds[method.client_streaming, method.server_streaming], service, method.name),
        )
        for method in found.methods
    ]


def _metered(handler: Handler, meter: _Meter) -> Handler:
    """The same handler, metered; (de)serializers stay as they are."""
    make, behaviour = {
        (False, False): (grpc.unary_unary_rpc_method_handler, handler.unary_unary),
        (False, True): (grpc.unary_stream_rpc_method_handler, handler.unary_stream),
        (True, False): (grpc.stream_unary_rpc_method_handler, handler.stream_unary),
        (True, True): (grpc.stream_stream_rpc_method_handler, handler.stream_stream),
    }[handler.request_streaming, handler.response_streaming]
    # a coroutine may write its stream to the context itself, as that of health does
    answers = not handler.response_streaming or iscoroutinefunction(behaviour)
    return make(
        (_answering if answers else _telling)(behaviour, handler.request_streaming, meter),
        request_deserializer=handler.request_deserializer,
        response_serializer=handler.response_serializer,
    )


def _answering(
    behaviour: Callable[..., Awaitable[Any]], streaming: bool, meter: _Meter
) -> Callable[[Any, Context], Awaitable[Any]]:
    async def answer(request: Any, context: Context) -> Any:
        began = _begin(meter, streaming)
        with meter.traced(context) as span:
            try:
                given = _counted(request, meter) if streaming else request
                response = await behaviour(given, context)
            except BaseException as error:
                _end(meter, span, began, _code(error, context))
                raise
            meter.sent.inc()
            _end(meter, span, began, _code(None, context))
            return response

    return answer


def _telling(
    behaviour: Callable[..., AsyncIterator[Any]], streaming: bool, meter: _Meter
) -> Callable[[Any, Context], AsyncIterator[Any]]:
    async def answer(request: Any, context: Context) -> AsyncIterator[Any]:
        began = _begin(meter, streaming)
        with meter.traced(context) as span:
            try:
                given = _counted(request, meter) if streaming else request
                async for response in behaviour(given, context):
                    meter.sent.inc()
                    yield response
            except BaseException as error:
                _end(meter, span, began, _code(error, context))
                raise
            _end(meter, span, began, _code(None, context))

    return answer


def _begin(meter: _Meter, streaming: bool) -> float:
    meter.started.inc()
    if not streaming:
        meter.received.inc()
    return perf_counter()


def _end(meter: _Meter, span: tracing.Span, began: float, code: str) -> None:
    span.set(grpc_code=code)
    meter.handling.observe(perf_counter() - began)
    meter.handled(code)


async def _counted(requests: AsyncIterator[Any], meter: _Meter) -> AsyncIterator[Any]:
    async for request in requests:
        meter.received.inc()
        yield request


def _code(error: BaseException | None, context: Context) -> str:
    """What the caller is told, or would be if it had stayed."""
    said = context.code()
    if isinstance(error, asyncio.CancelledError | GeneratorExit):
        left = context.time_remaining()
        return "DEADLINE_EXCEEDED" if left is not None and left <= 0 else "CANCELLED"
    if said is None or said == 0:
        return "OK" if error is None else "UNKNOWN"
    return said.name if isinstance(said, StatusCode) else "UNKNOWN"
