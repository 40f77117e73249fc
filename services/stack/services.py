"""The parts that are ours: serving, worker and gateway."""

import os
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from services.settings import Settings
from services.stack import probes, stores
from services.stack.keys import Secrets
from services.stack.part import Part

GATEWAY_GRACE = 15.0
"""Seconds: more than it gives to the calls that it answers."""
ROOT = Path(__file__).resolve().parents[2]
PAGES = ("gateway", "serving")
"""Parts of ours that show their metrics, beside the workers; under Ray Serve replicas have Ray's
page instead."""
MOST_REPLICAS = 4
"""Started without being asked for: each holds its own models in memory."""


def port_names(store: str) -> list[str]:
    """What needs a port, but for the one that all gateways share."""
    more = gateways()[1:]
    healths = [f"{name}-health" for name in gateways()] if more else []
    pages = [f"{part}-metrics" for part in (*PAGES, *workers(), *more)]
    return ["broker", *stores.STORES[store], "inference", *pages, *healths]


def gateways() -> list[str]:
    """Their names: "gateway", "gateway-2" and so on."""
    return ["gateway", *(f"gateway-{at}" for at in range(2, Settings().stack_gateways + 1))]


def parts(
    profile: str, store: str, folder: Path, ports: Mapping[str, int], secrets: Secrets
) -> list[Part]:
    """All parts of the stack, in an order in which each follows what it needs.

    profile: "full" serves models with Ray Serve, "lite" with a plain gRPC server; store:
    "seaweedfs" or "minio". Raises ProgramMissing.
    """
    shared = environment(profile, ports, secrets)
    start_store = stores.minio if store == "minio" else stores.seaweedfs
    found = [
        stores.broker(folder, ports["broker"], secrets),
        start_store(folder, ports, secrets),
        _serving(profile, ports, secrets, shared),
        *(_worker(name, ports, secrets, shared) for name in workers()),
        *(_gateway(name, ports, shared) for name in gateways()),
    ]
    patience, delay = Settings().stack_patience, Settings().stack_delay
    return [replace(part, patience=patience, longest_delay=delay) for part in found]


def environment(profile: str, ports: Mapping[str, int], secrets: Secrets) -> dict[str, str]:
    """The settings of every service of this run (`services.settings`)."""
    return {
        "DIRECTRIX_GATEWAY_HOST": "127.0.0.1",
        "DIRECTRIX_GATEWAY_PORT": str(ports["gateway"]),
        "DIRECTRIX_PAGE_TOKEN_SECRET": secrets.page_tokens,
        "DIRECTRIX_INFERENCE_TARGET": f"127.0.0.1:{ports['inference']}",
        "DIRECTRIX_INFERENCE_SECRET": secrets.inference,
        "DIRECTRIX_INFERENCE_REPLICAS": str(replicas(profile, Settings())),
        "DIRECTRIX_STORE_KIND": "s3",
        "DIRECTRIX_STORE_ENDPOINT": Settings().stack_detour or f"127.0.0.1:{ports['s3']}",
        "DIRECTRIX_STORE_SECURE": "false",
        "DIRECTRIX_STORE_BUCKET": stores.BUCKET,
        "DIRECTRIX_STORE_ACCESS_KEY": secrets.access_key,
        "DIRECTRIX_STORE_SECRET_KEY": secrets.secret_key,
        "DIRECTRIX_REDIS_URL": stores.broker_url(ports["broker"], secrets),
        "OMP_NUM_THREADS": "1",
    }


def replicas(profile: str, settings: Settings) -> int:
    """As many as the settings say; else Ray Serve has one a core, up to MOST_REPLICAS.

    The plain server is one replica, and a device that is not the CPU has one unless more are asked
    for.
    """
    if profile != "full":
        return 1
    if "inference_replicas" in settings.model_fields_set or settings.device != "cpu":
        return settings.inference_replicas
    cores = len(os.sched_getaffinity(0)) // settings.threads
    return min(max(cores, 1), MOST_REPLICAS)


def _serving(
    profile: str, ports: Mapping[str, int], secrets: Secrets, shared: Mapping[str, str]
) -> Part:
    module = "services.serving.app" if profile == "full" else "services.serving.server"
    target = f"127.0.0.1:{ports['inference']}"
    application = Settings().inference_application
    return Part(
        name="serving",
        command=(sys.executable, "-m", module),
        folder=str(ROOT),
        needs=("store",),
        environment=_with_page(shared, ports["serving-metrics"]),
        ready=lambda: probes.replica_answers(target, secrets.inference, application),
        address=target,
        grace=20.0,
    )


def workers() -> list[str]:
    """The names of their parts: "worker", "worker-2", ..."""
    return ["worker", *(f"worker-{number}" for number in range(2, Settings().stack_workers + 1))]


def _worker(
    name: str, ports: Mapping[str, int], secrets: Secrets, shared: Mapping[str, str]
) -> Part:
    url = stores.broker_url(ports["broker"], secrets)
    return Part(
        name=name,
        command=(sys.executable, "-m", "services.worker"),
        folder=str(ROOT),
        needs=("broker", "store"),
        environment=_with_page(shared, ports[f"{name}-metrics"]),
        ready=lambda: probes.worker_listens(url),
        grace=10.0,
    )


def _gateway(name: str, ports: Mapping[str, int], shared: Mapping[str, str]) -> Part:
    target = f"127.0.0.1:{ports['gateway']}"
    # where it speaks TLS, this is the port that a probe can ask
    health = Settings().gateway_health_port or ports["gateway"]
    own: dict[str, str] = {}
    if (port := ports.get(f"{name}-health")) is not None:  # the others listen where it does
        health = port
        own = {"DIRECTRIX_GATEWAY_HEALTH_PORT": str(port), "DIRECTRIX_GATEWAY_REUSE_PORT": "true"}
    return Part(
        name=name,
        command=(sys.executable, "-m", "services.gateway"),
        folder=str(ROOT),
        needs=("broker", "store", "serving", "worker"),
        environment={**_with_page(shared, ports[f"{name}-metrics"]), **own},
        ready=lambda: probes.serves(f"127.0.0.1:{health}"),
        address=target,
        grace=GATEWAY_GRACE,
    )


def _with_page(shared: Mapping[str, str], port: int) -> dict[str, str]:
    """The settings of one process: each has a page of metrics of its own."""
    return {**shared, "DIRECTRIX_METRICS_PORT": str(port)}
