"""The gateway as one object: everything put together, started and stopped."""

import asyncio
import ipaddress
import secrets
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import grpc
from grpc_health.v1 import health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from directrix.errors import InvalidField
from services.artifacts.catalogue import Catalogue
from services.artifacts.store import ArtifactStore
from services.gateway.audit_reports import AuditReports
from services.gateway.audits import Audits
from services.gateway.discoveries import Discoveries
from services.gateway.edits import Edits
from services.gateway.encoders import Encoders
from services.gateway.explanations import Explanations
from services.gateway.findings import Findings
from services.gateway.guard import Guard
from services.gateway.health_port import HealthPort
from services.gateway.latents import Latents
from services.gateway.log import Log
from services.gateway.lookups import Lookups
from services.gateway.models import Models
from services.gateway.names import Names
from services.gateway.operations import Operations
from services.gateway.paging import Pages
from services.gateway.pictures import Pictures
from services.gateway.readiness import INFERENCE, NEEDS, STORE, Health, Readiness
from services.gateway.recipes import Recipes
from services.gateway.renders import InferenceBackend, Renders, fits
from services.gateway.servicers import Work, register
from services.gateway.starts import Starts
from services.gateway.validation import Rules
from services.inference.client import InferenceClient
from services.jobs.signals import Signals
from services.jobs.store import JobStore
from services.jobs.submitter import Submitter
from services.settings import Settings

GRACE_SECONDS = 10.0
CATALOGUE_THREADS = 16
PICTURE_THREADS = 2
PROBED_KEY = "methods"


@dataclass(frozen=True)
class Behind:
    """What stands behind the gateway."""

    artifacts: ArtifactStore
    jobs: JobStore
    signals: Signals
    submitter: Submitter
    inference: InferenceClient


class Gateway:
    """A grpc.aio server over all public services; `start` returns the port that it listens on.

    Raises InvalidField for a host beyond loopback: there is no authentication yet.
    """

    def __init__(self, settings: Settings, behind: Behind, log: Log):
        check_loopback(settings.gateway_host)
        self._settings = settings
        self._behind = behind
        self._log = log
        self._lookup_threads = ThreadPoolExecutor(CATALOGUE_THREADS, "catalogue")
        self._picture_threads = ThreadPoolExecutor(PICTURE_THREADS, "pictures")

    async def start(self) -> int:
        limit = self._settings.max_message_bytes
        self._server = grpc.aio.server(
            interceptors=[Guard(Rules(), self._log)],
            options=[
                ("grpc.max_receive_message_length", limit),
                ("grpc.max_send_message_length", -1),
                ("grpc.so_reuseport", 0),
                # clients may ping every ten seconds to notice a dead connection
                ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
                ("grpc.keepalive_permit_without_calls", 1),
            ],
        )
        register(self._work(), self._server)
        health = Health()
        health_pb2_grpc.add_HealthServicer_to_server(health, self._server)
        names = [name for name in NEEDS if name]
        names += ["grpc.health.v1.Health", reflection.SERVICE_NAME]
        reflection.enable_server_reflection(names, self._server)
        probes = {STORE: self._store_answers, INFERENCE: self._behind.inference.ready}
        self._readiness = Readiness(health, probes, self._log)
        address = f"{self._settings.gateway_host}:{self._settings.gateway_port}"
        port = self._server.add_insecure_port(address)
        await self._readiness.start()
        await self._server.start()
        self._probed = None
        if (probed := self._settings.gateway_health_port) is not None:
            self._probed = HealthPort(health, probed)
            self.health_port = await self._probed.start()
        self._log.event("started", port=port)
        return port

    async def stop(self, grace: float = GRACE_SECONDS) -> None:
        """NOT_SERVING, no new calls, running ones get `grace` seconds; then the rest is let go."""
        self._log.event("stopping")
        await self._readiness.stop()
        await self._server.stop(grace)
        if self._probed is not None:
            await self._probed.stop()
        await self._behind.inference.close()
        self._lookup_threads.shutdown(wait=False, cancel_futures=True)
        self._picture_threads.shutdown(wait=False, cancel_futures=True)
        self._log.event("stopped")

    async def _store_answers(self) -> bool:
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._lookup_threads, self._behind.artifacts.exists, PROBED_KEY)
        return True

    def _work(self) -> Work:
        settings, behind = self._settings, self._behind
        catalogue = Catalogue(behind.artifacts, settings.project)
        lookups = Lookups(catalogue, Names(settings.project), self._lookup_threads)
        secret = settings.page_token_secret.get_secret_value().encode()
        pages = Pages(secret or secrets.token_bytes(32))
        recipes = Recipes(lookups, self._picture_threads)
        pictures = Pictures(self._picture_threads)
        starts = Starts(lookups, behind.jobs, behind.submitter, self._log)
        return Work(
            models=Models(lookups, pages),
            findings=Findings(lookups, pages),
            discoveries=Discoveries(lookups, pages, starts),
            encoders=Encoders(lookups, starts),
            operations=Operations(lookups, pages, behind.jobs, behind.signals),
            edits=Edits(lookups, recipes, self._renders(), pictures),
            latents=Latents(lookups, recipes, pictures, behind.inference, self._picture_threads),
            explanations=Explanations(lookups, recipes, pictures, behind.inference),
            audits=Audits(lookups, recipes, starts, self._picture_threads),
            reports=AuditReports(lookups, pages),
        )

    def _renders(self) -> Renders:
        return Renders(
            InferenceBackend(self._behind.inference),
            largest=self._settings.batch_images,
            slots=self._settings.inference_replicas + 1,
            most_waiting=self._settings.queue_images,
            fits=fits,
        )


def check_loopback(host: str) -> None:
    if host == "localhost":
        return
    try:
        loopback = ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        loopback = False
    if not loopback:
        raise InvalidField(
            f"the gateway has no authentication yet and listens on loopback only, not on {host}: "
            "set DIRECTRIX_GATEWAY_HOST=127.0.0.1",
            field="gateway_host",
        )
