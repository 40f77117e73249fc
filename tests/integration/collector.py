"""A collector of spans: OTLP's own service over gRPC, which keeps what it is sent."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import grpc
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as pb
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import (
    TraceServiceServicer,
    add_TraceServiceServicer_to_server,
)


@dataclass(frozen=True)
class Seen:
    """One span: ids as hexadecimal digits, `parent` empty where a trace begins."""

    service: str
    name: str
    trace: str
    id: str
    parent: str
    attributes: dict[str, Any]
    links: tuple[str, ...]
    failed: bool


@dataclass
class Collector(TraceServiceServicer):
    """endpoint: "http://127.0.0.1:port"."""

    endpoint: str = ""
    spans: list[Seen] = field(default_factory=list)
    raw: bytes = b""
    """Everything as it came."""

    def Export(self, request: pb.ExportTraceServiceRequest, context: object) -> Any:
        self.raw += request.SerializeToString()
        for resource in request.resource_spans:
            (service,) = (
                pair.value.string_value
                for pair in resource.resource.attributes
                if pair.key == "service.name"
            )
            for scope in resource.scope_spans:
                self.spans += [_seen(service, span) for span in scope.spans]
        return pb.ExportTraceServiceResponse()

    def of(self, trace: str) -> list[Seen]:
        return [span for span in list(self.spans) if span.trace == trace]


def _seen(service: str, span: Any) -> Seen:
    values = {
        pair.key: getattr(pair.value, pair.value.WhichOneof("value")) for pair in span.attributes
    }
    return Seen(
        service=service,
        name=span.name,
        trace=span.trace_id.hex(),
        id=span.span_id.hex(),
        parent=span.parent_span_id.hex(),
        attributes=values,
        links=tuple(link.trace_id.hex() for link in span.links),
        failed=span.status.code == 2,
    )


@contextmanager
def collector() -> Iterator[Collector]:
    kept = Collector()
    server = grpc.server(ThreadPoolExecutor(2))
    add_TraceServiceServicer_to_server(kept, server)
    port = server.add_insecure_port("127.0.0.1:0")
    kept.endpoint = f"http://127.0.0.1:{port}"
    server.start()
    try:
        yield kept
    finally:
        server.stop(0)
