"""Traces: one edit or one job is one trace, over all processes that had a part in it.

    client -> gateway -> batch -> replica: pass in the model thread
                 \\-> record of the job, header of the message -> worker: step -> replicas, store

OpenTelemetry, exported as OTLP over gRPC where the settings name an endpoint. Elsewhere nothing is
imported and a span is one shared object that does nothing. Attributes are short texts and numbers
that pass redaction; never pictures or vectors.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import Context
from typing import TYPE_CHECKING, Any, Literal, Protocol

from services.settings import Settings
from services.sight.redaction import Redactor

if TYPE_CHECKING:
    from opentelemetry.trace import Tracer

Value = str | int | float | bool
Metadata = Iterable[tuple[str, str | bytes]] | None
Kind = Literal["internal", "server", "client", "producer", "consumer"]

PARENT = "traceparent"
"""The key of W3C Trace Context, in metadata, headers and records."""


class Span(Protocol):
    """What the body of a `with` may do with its span."""

    def set(self, **attributes: Value) -> None: ...

    def fail(self, reason: str) -> None:
        """It ended with this error of ours."""


class _Nothing:
    def set(self, **attributes: Value) -> None:
        return None

    def fail(self, reason: str) -> None:
        return None


_NOTHING = _Nothing()
NO_SPAN: AbstractContextManager[Span] = nullcontext(_NOTHING)
_on: "_Tracing | None" = None


def start(settings: Settings, service: str, redactor: Redactor | None = None) -> Callable[[], None]:
    """Traces from here on, where the settings say where to; returns what sends the rest and ends.

    Waits for nothing: spans that nobody takes are dropped after a bounded queue is full.
    """
    global _on
    if not settings.traces_endpoint:
        return lambda: None
    _on = _Tracing(settings, service, redactor or Redactor())
    return stop


def stop() -> None:
    global _on
    if _on is not None:
        _on.close()
    _on = None


def span(name: str, kind: Kind = "internal", **attributes: Value) -> AbstractContextManager[Span]:
    """A part of what is traced here; nothing where nothing is."""
    if _on is None:
        return NO_SPAN
    return _on.span(name, kind, attributes)


def arrival(
    name: str, carried: Mapping[str, str], kind: Kind = "server"
) -> AbstractContextManager[Span]:
    """The work of this process for a call or a message that came with `carried`.

    Where the sender traces nothing, a trace begins here.
    """
    if _on is None:
        return NO_SPAN
    return _on.arrival(name, carried, kind)


def batch(
    name: str, others: Iterable[Context], **attributes: Value
) -> AbstractContextManager[Span]:
    """A span of the first of several callers that is linked to the traces of the others."""
    if _on is None:
        return NO_SPAN
    return _on.span(name, "internal", attributes, others)


def annotate(**attributes: Value) -> None:
    """Says more of the span at hand."""
    if _on is not None:
        _on.annotate(attributes)


def carried() -> dict[str, str]:
    """What the next process needs to go on with this trace."""
    return {} if _on is None else _on.carried()


def of_metadata(metadata: Metadata) -> dict[str, str]:
    return {k: v for k, v in metadata or () if k == PARENT and isinstance(v, str)}


def trace_id() -> str:
    """Of the trace at hand, 32 hexadecimal digits; empty where there is none."""
    return "" if _on is None else _on.trace_id()


class _Span:
    """Attributes of one span of OpenTelemetry, in our words and redacted."""

    def __init__(self, span: Any, redactor: Redactor):
        self._span = span
        self._redactor = redactor

    def set(self, **attributes: Value) -> None:
        for name, value in self._redactor.fields(attributes).items():
            self._span.set_attribute(f"directrix.{name}", value)

    def fail(self, reason: str) -> None:
        from opentelemetry.trace import Status, StatusCode

        self._span.set_status(Status(StatusCode.ERROR, reason))


class _Tracing:
    """The SDK of this process, put together."""

    def __init__(self, settings: Settings, service: str, redactor: Redactor):
        from opentelemetry import trace
        from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import SERVICE_NAME, Resource
        from opentelemetry.sdk.trace import SpanLimits, TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
        from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        self._api = trace
        self._redactor = redactor
        self._propagator = TraceContextTextMapPropagator()
        self._provider = TracerProvider(
            sampler=ParentBased(TraceIdRatioBased(settings.traces_ratio)),
            resource=Resource.create({SERVICE_NAME: f"directrix-{service}"}),
            span_limits=SpanLimits(max_attribute_length=256, max_links=64),
            shutdown_on_exit=False,
        )
        exporter = OTLPSpanExporter(
            endpoint=settings.traces_endpoint,
            insecure=not settings.traces_endpoint.startswith("https://"),
            timeout=5,
        )
        self._provider.add_span_processor(BatchSpanProcessor(exporter, schedule_delay_millis=1000))
        self._tracer: Tracer = self._provider.get_tracer("directrix")

    def close(self) -> None:
        self._provider.shutdown()

    def span(
        self,
        name: str,
        kind: Kind,
        attributes: Mapping[str, Value],
        others: Iterable[Context] = (),
    ) -> AbstractContextManager[Span]:
        if not self._api.get_current_span().get_span_context().is_valid:
            return NO_SPAN  # what nobody asked for is no trace: probes, clean-up
        linked = [other.run(self._api.get_current_span).get_span_context() for other in others]
        links = [self._api.Link(each) for each in linked if each.is_valid]
        return self._open(name, kind, None, attributes, links)

    def arrival(
        self, name: str, carried: Mapping[str, str], kind: Kind
    ) -> AbstractContextManager[Span]:
        return self._open(name, kind, self._propagator.extract(dict(carried)), {}, ())

    @contextmanager
    def _open(
        self,
        name: str,
        kind: Kind,
        parent: Any,
        attributes: Mapping[str, Value],
        links: Any,
    ) -> Iterator[Span]:
        opened = self._tracer.start_span(
            name, parent, self._api.SpanKind[kind.upper()], links=links, record_exception=False
        )
        made = _Span(opened, self._redactor)
        made.set(**attributes)
        # exceptions are not recorded: their texts and traces belong into the log
        with self._api.use_span(
            opened, end_on_exit=True, record_exception=False, set_status_on_exception=False
        ):
            try:
                yield made
            except BaseException as error:
                made.fail(getattr(error, "reason", type(error).__name__))
                raise

    def annotate(self, attributes: Mapping[str, Value]) -> None:
        _Span(self._api.get_current_span(), self._redactor).set(**attributes)

    def carried(self) -> dict[str, str]:
        carrier: dict[str, str] = {}
        self._propagator.inject(carrier)
        return carrier

    def trace_id(self) -> str:
        context = self._api.get_current_span().get_span_context()
        return f"{context.trace_id:032x}" if context.is_valid else ""
