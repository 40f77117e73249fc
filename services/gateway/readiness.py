"""Health: what a service needs has to answer before it says SERVING; liveness needs nothing."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any

from grpc_health.v1 import health_pb2
from grpc_health.v1._async import HealthServicer

from directrix.errors import DirectrixError, NotFound
from services.gateway.log import Log

LIVENESS = "liveness"
"""A health name that is SERVING as long as the process answers."""

UNREADY_SECONDS, READY_SECONDS = 0.25, 2.0
PROBE_SECONDS = 3.0
PATIENCE = 2
"""Failures in a row before a service that was ready says NOT_SERVING: one may be chance."""

Probe = Callable[[], Awaitable[bool]]

STORE = "store"
INFERENCE = "inference"
NEEDS: Mapping[str, frozenset[str]] = {
    "": frozenset({STORE, INFERENCE}),
    "directrix.v1.ModelService": frozenset({STORE}),
    "directrix.v1.FindingService": frozenset({STORE}),
    "directrix.v1.DiscoveryService": frozenset({STORE}),
    "directrix.v1.AuditService": frozenset({STORE}),
    "google.longrunning.Operations": frozenset({STORE}),
    "directrix.v1.EditingService": frozenset({STORE, INFERENCE}),
    "directrix.v1.ExplanationService": frozenset({STORE, INFERENCE}),
}


class Health(HealthServicer):
    """The standard health service; a name that it does not know is refused in our words.

    `Watch` answers SERVICE_UNKNOWN for it, as its protocol wants. `List` is not in grpcio's own.
    """

    async def Check(
        self, request: health_pb2.HealthCheckRequest, context: Any
    ) -> health_pb2.HealthCheckResponse:
        if request.service not in NEEDS and request.service != LIVENESS:
            raise NotFound("there is no service of that name", name=request.service)
        return await super().Check(request, context)

    async def List(
        self, request: health_pb2.HealthListRequest, context: Any
    ) -> health_pb2.HealthListResponse:
        names = [*NEEDS, LIVENESS]
        asked = [health_pb2.HealthCheckRequest(service=name) for name in names]
        found = [await self.Check(each, context) for each in asked]
        return health_pb2.HealthListResponse(statuses=dict(zip(names, found, strict=True)))


class Readiness:
    """Probes what is behind the gateway, again and again, and sets every service's health."""

    def __init__(self, health: HealthServicer, probes: Mapping[str, Probe], log: Log):
        self._health = health
        self._probes = probes
        self._log = log
        self._failures = dict.fromkeys(probes, PATIENCE)
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        await self._health.set(LIVENESS, health_pb2.HealthCheckResponse.SERVING)
        await self._publish()
        self._task = asyncio.create_task(self._watch())

    async def stop(self) -> None:
        """All services say NOT_SERVING from here on."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._health.enter_graceful_shutdown()

    async def _watch(self) -> None:
        while True:
            before = self._answering()
            results = await asyncio.gather(*(self._try(p) for p in self._probes.values()))
            for name, answered in zip(self._probes, results, strict=True):
                self._failures[name] = 0 if answered else self._failures[name] + 1
            if self._answering() != before:
                self._log.event("readiness", answering=", ".join(sorted(self._answering())))
            await self._publish()
            ready = len(self._answering()) == len(self._probes)
            await asyncio.sleep(READY_SECONDS if ready else UNREADY_SECONDS)

    async def _try(self, probe: Probe) -> bool:
        with suppress(DirectrixError, TimeoutError):
            return await asyncio.wait_for(probe(), PROBE_SECONDS)
        return False

    def _answering(self) -> frozenset[str]:
        return frozenset(name for name, count in self._failures.items() if count < PATIENCE)

    async def _publish(self) -> None:
        answering = self._answering()
        for service, needs in NEEDS.items():
            state = (
                health_pb2.HealthCheckResponse.SERVING
                if needs <= answering
                else health_pb2.HealthCheckResponse.NOT_SERVING
            )
            await self._health.set(service, state)
