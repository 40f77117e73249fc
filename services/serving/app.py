"""The inference service on a Ray of its own, on this machine's loopback.

Run: python -m services.serving.app

Chooses the ports, writes Ray's token, starts `services.serving.cluster` with the environment that
Ray wants to see before it is imported, and guards it: when it ends, or on TERM, nothing stays.
"""

import os
import random
import secrets
import shutil
import socket
import sys
import tempfile
from pathlib import Path

import services
from services.serving.guard import guard
from services.serving.haproxy import write_wrapper
from services.settings import Settings, settings

INGRESS_PORTS = 20
"""How many neighbouring ports Ray Serve may try for its replicas."""
HTTP_PORTS, GRPC_PORTS = range(30_000, 31_300), range(31_300, 32_600)
"""Where those lie: below the ports that the kernel hands out."""
PAGES = (
    "RAY_SERVE_HAPROXY_METRICS_PORT",
    "RAY_SERVE_HAPROXY_STATS_PORT",
    "RAY_SERVE_FALLBACK_PROXY_HTTP_PORT",
    "RAY_SERVE_FALLBACK_PROXY_GRPC_PORT",
    "DASHBOARD_METRIC_PORT",
    "AUTOSCALER_METRIC_PORT",
)
"""Ports that are fixed numbers where nobody sets them: two clusters would meet there."""


def main() -> int:
    # In no folder of the caller's: the paths of Ray's and HAProxy's sockets have to stay short.
    folder = Path(tempfile.mkdtemp(prefix="dx-", dir="/tmp"))
    environment = {**ray_environment(settings(), folder), **os.environ}
    paths = [str(Path(services.__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
    try:
        return guard([sys.executable, "-m", "services.serving.cluster", str(folder)], environment)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def ray_environment(config: Settings, folder: Path) -> dict[str, str]:
    """What Ray reads at import, for a small cluster on loopback. Writes token and wrapper."""
    token = folder / "token"
    token.write_text(secrets.token_hex(32))
    token.chmod(0o600)
    pages = free_ports(len(PAGES))
    http_port, grpc_port = free_range(HTTP_PORTS), free_range(GRPC_PORTS)
    return {
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN_PATH": str(token),
        "RAY_USAGE_STATS_ENABLED": "0",
        # Ray's name for "no cluster": its address is 127.0.0.1 and its servers listen there only.
        "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
        "RAY_SERVE_THROUGHPUT_OPTIMIZED": "1",
        "RAY_SERVE_ENABLE_HA_PROXY": "1",
        "RAY_SERVE_HAPROXY_BINARY_PATH": str(write_wrapper(folder)),
        "RAY_SERVE_HAPROXY_CONFIG_FILE_LOC": str(folder / "haproxy.cfg"),
        "RAY_SERVE_HAPROXY_SOCKET_PATH": str(folder / "admin.sock"),
        "RAY_SERVE_HAPROXY_SERVER_STATE_BASE": str(folder),
        "RAY_SERVE_HAPROXY_SERVER_STATE_FILE": str(folder / "server-state"),
        "RAY_SERVE_HAPROXY_METRICS_SOCKET_PATH": str(folder / "metrics.sock"),
        "RAY_SERVE_HAPROXY_NBTHREAD": "1",
        "RAY_SERVE_REPLICA_GRPC_MAX_MESSAGE_LENGTH": str(64 * 1024 * 1024),
        "RAY_SERVE_DIRECT_INGRESS_MIN_HTTP_PORT": str(http_port),
        "RAY_SERVE_DIRECT_INGRESS_MAX_HTTP_PORT": str(http_port + INGRESS_PORTS),
        "RAY_SERVE_DIRECT_INGRESS_MIN_GRPC_PORT": str(grpc_port),
        "RAY_SERVE_DIRECT_INGRESS_MAX_GRPC_PORT": str(grpc_port + INGRESS_PORTS),
        "OMP_NUM_THREADS": str(config.threads),
        **{name: str(port) for name, port in zip(PAGES, pages, strict=True)},
    }


def free_ports(count: int) -> list[int]:
    """Ports of loopback that nothing listens on now."""
    held = [socket.socket() for _ in range(count)]
    try:
        for each in held:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in held]
    finally:
        for each in held:
            each.close()


def free_range(ports: range) -> int:
    """The first of INGRESS_PORTS neighbouring ports that nobody seems to use."""
    starts = list(ports[::INGRESS_PORTS])
    random.shuffle(starts)  # two clusters that start together should not meet
    for start in starts:
        if all(_is_free(port) for port in range(start, start + INGRESS_PORTS)):
            return start
    raise OSError("no free ports for Ray Serve's replicas")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


if __name__ == "__main__":
    sys.exit(main())
