"""Spans of the client, for applications that trace themselves with OpenTelemetry.

The client does not need it: where the application has not imported it, nothing happens here.
"""

import sys
from contextlib import AbstractContextManager, nullcontext
from typing import Any

POLLS = ("/GetOperation", "/WaitOperation")
"""Calls that wait for a job; they have no spans of their own, for there are many."""


def span(rpc: str) -> AbstractContextManager[Any]:
    """Around one call, below what the application is doing."""
    api = sys.modules.get("opentelemetry.trace")
    if api is None or rpc.endswith(POLLS):
        return nullcontext()
    tracer = api.get_tracer("directrix.client")
    opened: AbstractContextManager[Any] = tracer.start_as_current_span(
        rpc.lstrip("/"), kind=api.SpanKind.CLIENT, record_exception=False
    )
    return opened


def carried() -> tuple[tuple[str, str], ...]:
    """Metadata by which the service goes on with the application's trace."""
    if "opentelemetry.trace" not in sys.modules:
        return ()
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    carrier: dict[str, str] = {}
    TraceContextTextMapPropagator().inject(carrier)
    return tuple(carrier.items())
