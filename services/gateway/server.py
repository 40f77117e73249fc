"""The gateway as one object: everything put together, started and stopped."""

import asyncio
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import grpc
from grpc_health.v1 import health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from services.access import Identities
from services.access.rates import open_rates
from services.artifacts.catalogue import Catalogue
from services.artifacts.store import ArtifactStore
from services.gateway.audit_reports import AuditReports
from services.gateway.audits import Audits
from services.gateway.discoveries import Discoveries
from services.gateway.door import Door
from services.gateway.edits import Edits
from services.gateway.encoders import Encoders
from services.gateway.explanations import Explanations
from services.gateway.findings import Findings
from services.gateway.guard import Guard
from services.gateway.holding import Holding
from services.gateway.latents import Latents
from services.gateway.listening import check_listening, server_credentials
from services.gateway.log import Log
from services.gateway.lookups import Lookups
from services.gateway.models import Models
from services.gateway.names import Names
from services.gateway.operations import Operations
from services.gateway.paging import Pages
from services.gateway.pictures import Pictures
from services.gateway.places import Places
from services.gateway.readiness import INFERENCE, NEEDS, STORE, Health, Readiness
from services.gateway.recipes import Recipes
from services.gateway.renders import InferenceBackend, Renders, fits
from services.gateway.servicers import register
from services.gateway.starts import Starts
from services.gateway.validation import Rules
from services.gateway.work import Work
from services.gateway.works import Works
from services.inference.client import InferenceClient
from services.jobs.costs import Costs
from services.jobs.signals import Signals
from services.jobs.store import JobStore
from services.jobs.submitter import Submitter
from services.settings import Settings
from services.sight.calls import CallMetrics
from services.sight.metrics import WAITING_IMAGES
from services.trail.entry import NoTrail, Trail

GRACE_SECONDS = 10.0
TOLD = 0.9
"""The part of its grace after which a call that still runs is told to try elsewhere."""
CATALOGUE_THREADS = 16
PICTURE_THREADS = 2
PROBED_KEY = "methods"
SERVICES = (*filter(None, NEEDS), "grpc.health.v1.Health", reflection.SERVICE_NAME)


@dataclass(frozen=True)
class Behind:
    """What stands behind the gateway."""

    artifacts: ArtifactStore
    jobs: JobStore
    signals: Signals
    submitter: Submitter
    inference: InferenceClient
    trail: Trail = field(default_factory=NoTrail)


class Gateway:
    """A grpc.aio server over all public services; `start` returns the port that it listens on.

    With authentication there is a second one for admins, on `admin_port`, and where the settings
    want it a third one without TLS for whoever asks after health, on `health_port`. Raises
    InvalidField for settings that would let anybody in, or that name files which cannot be read.
    """

    def __init__(self, settings: Settings, behind: Behind, log: Log):
        self._identities = Identities.of(settings)
        check_listening(settings, self._identities)
        self._credentials = server_credentials(settings)
        self._rates = open_rates(settings)
        self._settings = settings
        self._behind = behind
        self._log = log
        self._lookup_threads = ThreadPoolExecutor(CATALOGUE_THREADS, "catalogue")
        self._picture_threads = ThreadPoolExecutor(PICTURE_THREADS, "pictures")
        self._guards: list[Guard] = []

    async def start(self) -> int:
        settings = self._settings
        works = Works(self._work(), settings.project)
        health = Health()
        probes = {STORE: self._store_answers, INFERENCE: self._behind.inference.ready}
        self._readiness = Readiness(health, probes, self._log)
        shown = self._identities.open if settings.reflection is None else settings.reflection
        public = Door(self._identities, shown, admin=self._identities.open)
        self._servers = [self._server(works, health, public)]
        address = f"{settings.gateway_host}:{settings.gateway_port}"
        port = self._listen(self._servers[0], address)
        self.admin_port = port
        if not self._identities.open:
            self._servers.append(self._server(works, health, Door(self._identities, shown)))
            address = f"{settings.gateway_admin_host}:{settings.gateway_admin_port}"
            self.admin_port = self._listen(self._servers[1], address)
        self.health_port = port
        if settings.gateway_health_port is not None:
            self._servers.append(self._health_server(health))
            address = f"{settings.gateway_host}:{settings.gateway_health_port}"
            self.health_port = self._servers[-1].add_insecure_port(address)
        await self._readiness.start()
        for server in self._servers:
            await server.start()
        self._log.event(
            "started", port=port, admin_port=self.admin_port, access=self._identities.in_words
        )
        return port

    def _listen(self, server: grpc.aio.Server, address: str) -> int:
        if self._credentials is None:
            return server.add_insecure_port(address)
        return server.add_secure_port(address, self._credentials)

    def _health_server(self, health: Health) -> grpc.aio.Server:
        """Says how the gateway is, and nothing else."""
        guard = Guard(Rules(), self._log, Door(self._identities, False, False), self._rates)
        server = grpc.aio.server(interceptors=[guard], options=[("grpc.so_reuseport", 0)])
        health_pb2_grpc.add_HealthServicer_to_server(health, server)
        return server

    def _server(self, works: Works, health: Health, door: Door) -> grpc.aio.Server:
        limit = self._settings.max_message_bytes
        guard = Guard(Rules(), self._log, door, self._rates)
        self._guards.append(guard)
        server = grpc.aio.server(
            interceptors=[CallMetrics(SERVICES), guard],
            options=[
                ("grpc.max_receive_message_length", limit),
                ("grpc.max_send_message_length", -1),
                ("grpc.so_reuseport", int(self._settings.gateway_reuse_port)),
                # clients may ping every ten seconds to notice a dead connection
                ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
                ("grpc.keepalive_permit_without_calls", 1),
            ],
        )
        register(works, server)
        health_pb2_grpc.add_HealthServicer_to_server(health, server)
        reflection.enable_server_reflection(SERVICES, server)
        return server

    async def stop(self, grace: float = GRACE_SECONDS) -> None:
        """NOT_SERVING, no new calls, running ones get `grace` seconds; then the rest is let go.

        Those are told so, while there is time for it: UNAVAILABLE, and when to try again.
        """
        self._log.event("stopping")
        await self._readiness.stop()
        telling = asyncio.get_running_loop().call_later(grace * TOLD, self._let_go)
        await asyncio.gather(*(server.stop(grace) for server in self._servers))
        telling.cancel()
        await self._behind.inference.close()
        self._lookup_threads.shutdown(wait=False, cancel_futures=True)
        self._picture_threads.shutdown(wait=False, cancel_futures=True)
        self._log.event("stopped")

    def _let_go(self) -> None:
        for guard in self._guards:
            guard.let_go()

    async def _store_answers(self) -> bool:
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._lookup_threads, self._behind.artifacts.exists, PROBED_KEY)
        return True

    def _work(self) -> Callable[[str], Work]:
        """Makes the work of a project; what is made here, all projects share."""
        behind, threads = self._behind, self._picture_threads
        secret = self._settings.page_token_secret.get_secret_value().encode()
        pages = Pages(secret or secrets.token_bytes(32))
        pictures, renders, trail = Pictures(threads), self._renders(), behind.trail
        places = Places(self._settings.searches * self._settings.inference_replicas)
        holding = Holding(self._settings.hold_seconds)

        def work(project: str) -> Work:
            catalogue = Catalogue(behind.artifacts, project)
            lookups = Lookups(catalogue, Names(project), self._lookup_threads)
            recipes = Recipes(lookups, threads)
            costs = Costs(behind.artifacts)
            starts = Starts(
                lookups, behind.jobs, behind.submitter, self._log, self._rates, trail, costs
            )
            return Work(
                models=Models(lookups, pages),
                findings=Findings(lookups, pages),
                discoveries=Discoveries(lookups, pages, starts),
                encoders=Encoders(lookups, starts),
                operations=Operations(lookups, pages, behind.jobs, behind.signals),
                edits=Edits(lookups, recipes, renders, pictures, trail, holding),
                latents=Latents(lookups, recipes, pictures, behind.inference, threads, holding),
                explanations=Explanations(
                    lookups, recipes, pictures, behind.inference, trail, places, holding
                ),
                audits=Audits(lookups, recipes, starts, threads),
                reports=AuditReports(lookups, pages),
            )

        return work

    def _renders(self) -> Renders:
        renders = Renders(
            InferenceBackend(self._behind.inference),
            largest=self._settings.batch_images,
            slots=self._settings.inference_replicas + 1,
            most_waiting=self._settings.queue_images,
            fits=fits,
        )
        WAITING_IMAGES.set_function(lambda: renders.waiting)
        return renders
