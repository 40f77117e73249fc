"""Ray Serve on this machine: what listens, and what stays when its guard is killed."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from services.inference.client import BlockingInferenceClient
from services.serving.guard import descendants
from services.serving.loopback import narrowed
from tests.contract.inference_world import APPLICATION, ROOT, SECRET, build_world
from tests.integration.serving.listeners import LOOPBACK, listeners

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(300),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]


def alive(pids: set[int]) -> set[int]:
    return {pid for pid in pids if Path(f"/proc/{pid}").exists() and _state(pid) != "Z"}


def _state(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return "Z"


def _argument(pids: set[int], module: str) -> str:
    """What the process that runs `module` was given last."""
    lines = [Path(f"/proc/{pid}/cmdline").read_text().split("\0") for pid in pids]
    return next(line[-2] for line in lines if module in line)


def test_everything_listens_on_loopback_and_dies_with_a_killed_guard(tmp_path):
    world = build_world(tmp_path)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = os.environ | {
        "PYTHONPATH": str(ROOT),
        "DIRECTRIX_STORE_KIND": "folder",
        "DIRECTRIX_STORE_FOLDER": str(world.folder),
        "DIRECTRIX_INFERENCE_TARGET": f"127.0.0.1:{port}",
        "DIRECTRIX_INFERENCE_SECRET": SECRET,
    }
    command = [sys.executable, "-m", "services.serving.app"]
    server = subprocess.Popen(command, env=environment, cwd=ROOT, stdout=subprocess.DEVNULL)
    try:
        with BlockingInferenceClient(f"127.0.0.1:{port}", SECRET, APPLICATION) as client:
            client.wait_ready(200)
        below = descendants(server.pid)
        folder = Path(_argument(below, "services.serving.cluster"))
        found = listeners(below | {server.pid})
        assert port in found
        assert {p: a for p, a in found.items() if a not in LOOPBACK} == {}
        server.kill()
        until = time.monotonic() + 15
        while (left := alive(below)) and time.monotonic() < until:
            time.sleep(0.1)
        assert left == set()
        assert not folder.exists()
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", port)) != 0
    finally:
        server.send_signal(signal.SIGKILL)
        server.wait()


def test_addresses_are_narrowed_to_loopback():
    assert narrowed("[::]:0") == "127.0.0.1:0"
    assert narrowed("0.0.0.0:40000") == "127.0.0.1:40000"
