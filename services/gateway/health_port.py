"""The health service on a port of its own, in the clear: kubelets do not speak TLS.

It tells which services answer, and nothing else: no API, no reflection.
"""

import grpc
from grpc_health.v1 import health_pb2_grpc
from grpc_health.v1._async import HealthServicer


class HealthPort:
    """A grpc.aio server over the gateway's health; `start` returns the port that it listens on."""

    def __init__(self, health: HealthServicer, port: int, host: str = "0.0.0.0"):
        self._health = health
        self._address = f"{host}:{port}"

    async def start(self) -> int:
        self._server = grpc.aio.server(options=[("grpc.so_reuseport", 0)])
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        port = self._server.add_insecure_port(self._address)
        await self._server.start()
        return port

    async def stop(self) -> None:
        await self._server.stop(None)
