"""The plain server: the inference service over one replica in this process, without Ray.

Run: python -m services.serving.server
"""

import asyncio
import ipaddress
import logging
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from typing import Any, TypeAlias

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_health.v1._async import HealthServicer

from directrix.errors import InvalidField
from directrix.inference.v1 import inference_service_pb2 as pb
from directrix.inference.v1.inference_service_pb2_grpc import (
    InferenceServiceServicer,
    add_InferenceServiceServicer_to_server,
)
from services.artifacts import open_store
from services.artifacts.catalogue import Catalogue
from services.artifacts.watched import WatchedStore
from services.inference.channel import OPTIONS
from services.serving.replica import Replica
from services.serving.secret import admits
from services.settings import Settings, settings
from services.sight import ids, tracing
from services.sight.calls import CallMetrics
from services.sight.logs import take_over_logging
from services.sight.metrics import expose

SERVICE = "directrix.inference.v1.InferenceService"
SERVICES = (SERVICE, "grpc.health.v1.Health")
MOST_CALLS = 256
GRACE_SECONDS = 5.0
Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"
Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any]"
Continuation: TypeAlias = "Callable[[grpc.HandlerCallDetails], Awaitable[Handler | None]]"

logger = logging.getLogger(__name__)


class InferenceServicer(InferenceServiceServicer):
    """Carries messages to the replica and back."""

    def __init__(self, replica: Replica):
        self._replica = replica

    async def Render(self, request: pb.RenderRequest, context: Context) -> pb.RenderResponse:
        ids.arrive(context.invocation_metadata())
        return await self._replica.render(request)

    async def Score(self, request: pb.ScoreRequest, context: Context) -> pb.ScoreResponse:
        ids.arrive(context.invocation_metadata())
        return await self._replica.score(request)

    async def Explain(
        self, request: pb.ExplainRequest, context: Context
    ) -> AsyncIterator[pb.ExplainResponse]:
        ids.arrive(context.invocation_metadata())
        async with aclosing(self._replica.explain(request)) as answers:
            async for answer in answers:
                yield answer

    async def Invert(self, request: pb.InvertRequest, context: Context) -> pb.InvertResponse:
        ids.arrive(context.invocation_metadata())
        return await self._replica.invert(request)

    async def Sample(self, request: pb.SampleRequest, context: Context) -> pb.SampleResponse:
        ids.arrive(context.invocation_metadata())
        return await self._replica.sample(request)


class SecretInterceptor(grpc.aio.ServerInterceptor):
    """Refuses calls of the inference service that do not carry the secret."""

    def __init__(self, secret: str):
        self._secret = secret
        self._refusal: Handler = grpc.unary_unary_rpc_method_handler(_refuse)

    async def intercept_service(
        self, continuation: Continuation, handler_call_details: grpc.HandlerCallDetails
    ) -> "Handler | None":
        details = handler_call_details
        guarded = details.method.startswith(f"/{SERVICE}/")
        if guarded and not admits(self._secret, details.invocation_metadata):
            return self._refusal
        return await continuation(details)


async def _refuse(request: object, context: grpc.aio.ServicerContext) -> None:
    await context.abort(grpc.StatusCode.UNAUTHENTICATED, "the internal secret is missing or wrong")


class PlainServer:
    """A grpc.aio server over one replica; `start` returns the port that it listens on."""

    def __init__(self, replica: Replica, host: str, port: int, secret: str):
        if not secret and not _is_loopback(host):
            raise InvalidField(
                f"without a secret the server listens on loopback only, not on {host}",
                field="inference_secret",
            )
        self._replica = replica
        self._address = f"{host}:{port}"
        self._secret = secret

    async def start(self) -> int:
        self._health = HealthServicer()
        self._server = grpc.aio.server(
            interceptors=[CallMetrics(SERVICES), SecretInterceptor(self._secret)],
            options=[*OPTIONS, ("grpc.so_reuseport", 0)],
            maximum_concurrent_rpcs=MOST_CALLS,
        )
        add_InferenceServiceServicer_to_server(InferenceServicer(self._replica), self._server)
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        port = self._server.add_insecure_port(self._address)
        await self._server.start()
        for name in ("", SERVICE):
            await self._health.set(name, health_pb2.HealthCheckResponse.SERVING)
        return port

    async def stop(self, grace: float = GRACE_SECONDS) -> None:
        """Takes no new calls, gives running ones `grace` seconds, then cancels them."""
        await self._health.enter_graceful_shutdown()
        await self._server.stop(grace)
        self._replica.close()


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


async def serve(config: Settings) -> None:
    """Serves until TERM or INT."""
    host, _, port = config.inference_target.rpartition(":")
    replica = Replica(Catalogue(WatchedStore(open_store(config)), config.project), config)
    server = PlainServer(replica, host, int(port), config.inference_secret.get_secret_value())
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    logger.info("replica listens on port %d", await server.start())
    await stopped.wait()
    await server.stop()


def main() -> None:
    config = settings()
    take_over_logging("serving", config)
    page, end_traces = expose(config, "serving"), tracing.start(config, "serving")
    asyncio.run(serve(config))
    if page is not None:
        page.close()
    end_traces()


if __name__ == "__main__":
    main()
