"""Serves the small gateway of the tests over real gRPC, on loopback."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import islice

import grpc
from google.longrunning import operations_pb2_grpc
from grpc_status import rpc_status

from directrix.v1 import (
    audit_service_pb2_grpc,
    discovery_service_pb2_grpc,
    editing_service_pb2_grpc,
    explanation_service_pb2_grpc,
    finding_service_pb2_grpc,
    model_service_pb2_grpc,
)
from tests.unit.client.fake_gateway import FakeGateway
from tests.unit.client.fake_refusals import Refusal

SERVICES = (
    (model_service_pb2_grpc, "ModelService"),
    (finding_service_pb2_grpc, "FindingService"),
    (discovery_service_pb2_grpc, "DiscoveryService"),
    (editing_service_pb2_grpc, "EditingService"),
    (explanation_service_pb2_grpc, "ExplanationService"),
    (audit_service_pb2_grpc, "AuditService"),
    (operations_pb2_grpc, "Operations"),
)


class _Servicer:
    """One service's methods: takes requests in, turns refusals into statuses."""

    def __init__(self, gateway: FakeGateway):
        self._gateway = gateway

    def __getattr__(self, rpc: str):
        handler = getattr(self._gateway, rpc, None)
        if handler is None:
            return lambda request, context: context.abort(grpc.StatusCode.UNIMPLEMENTED, rpc)
        if rpc in ("StreamEdits", "StreamExplanation", "DownloadAudit"):
            return self._streamed(handler)
        return self._answered(rpc, handler)

    def _answered(self, rpc: str, handler):
        def answer(request, context):
            with self._gateway.lock:
                self._gateway.calls.append(rpc)
                if self._gateway.failures:
                    code = self._gateway.failures.pop(0)
                    failed = Refusal(code, "MODEL_NOT_READY", "not now")
                    context.abort_with_status(rpc_status.to_status(failed.status))
                try:
                    return handler(request)
                except Refusal as refusal:
                    context.abort_with_status(rpc_status.to_status(refusal.status))

        return answer

    def _streamed(self, handler):
        def answers(requests, context):
            breaks = self._gateway.breaks
            most = breaks.pop(0) if breaks else None
            try:
                yield from islice(handler(requests), most)
                if most is not None:
                    raise Refusal(14, "UNAVAILABLE", "not now")
            except Refusal as refusal:
                context.abort_with_status(rpc_status.to_status(refusal.status))

        return answers


@contextmanager
def served(gateway: FakeGateway) -> Iterator[str]:
    """The gateway on a free loopback port: "127.0.0.1:port"."""
    server = grpc.server(ThreadPoolExecutor(8))
    for module, name in SERVICES:
        getattr(module, f"add_{name}Servicer_to_server")(_Servicer(gateway), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        server.stop(0).wait()
