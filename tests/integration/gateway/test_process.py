"""The gateway as a process: settings, refusal, health without what it needs, a clean stop."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from directrix.v1 import model_service_pb2 as model
from directrix.v1.model_service_pb2_grpc import ModelServiceStub
from tests.integration.servers import free_ports, process

COMMAND = [sys.executable, "-m", "services.gateway"]
SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING


@contextmanager
def gateway(folder: Path) -> Iterator[tuple[subprocess.Popen[bytes], grpc.Channel]]:
    """Over a folder store, with neither replicas nor a broker behind it."""
    port, nothing = free_ports(2)
    env = {
        "DIRECTRIX_GATEWAY_PORT": str(port),
        "DIRECTRIX_INFERENCE_TARGET": f"127.0.0.1:{nothing}",
        "DIRECTRIX_REDIS_URL": f"redis://127.0.0.1:{nothing}/0",
        "DIRECTRIX_STORE_KIND": "folder",
        "DIRECTRIX_STORE_FOLDER": str(folder / "store"),
    }
    with (
        process(COMMAND, folder / "gateway.log", env, grace=10) as child,
        grpc.insecure_channel(f"127.0.0.1:{port}") as channel,
    ):
        grpc.channel_ready_future(channel).result(20)
        yield child, channel


def health(channel: grpc.Channel, service: str) -> int:
    stub = health_pb2_grpc.HealthStub(channel)
    return stub.Check(health_pb2.HealthCheckRequest(service=service), timeout=5).status


def test_it_lives_without_replicas_but_does_not_serve_edits(tmp_path: Path) -> None:
    with gateway(tmp_path) as (child, channel):
        assert health(channel, "liveness") == SERVING
        end = time.monotonic() + 10
        while health(channel, "directrix.v1.ModelService") != SERVING:
            assert time.monotonic() < end
            time.sleep(0.05)
        assert health(channel, "") == NOT_SERVING
        assert health(channel, "directrix.v1.EditingService") == NOT_SERVING
        listing = model.ListModelsRequest(parent="projects/default")
        assert len(ModelServiceStub(channel).ListModels(listing, timeout=5).models) == 0
        child.send_signal(signal.SIGTERM)
        assert child.wait(15) == 0
    log = (tmp_path / "gateway.log").read_text()
    assert re.search('"event": "started".*"event": "stopping".*"event": "stopped"', log, re.S)
    assert "Traceback" not in log


def test_it_refuses_to_listen_beyond_loopback() -> None:
    env = {**os.environ, "DIRECTRIX_GATEWAY_HOST": "192.0.2.1", "DIRECTRIX_STORE_KIND": "memory"}
    done = subprocess.run(COMMAND, env=env, capture_output=True, timeout=30, check=False)
    assert done.returncode == 2
    assert b"without authentication" in done.stderr
