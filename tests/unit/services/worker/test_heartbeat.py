"""The heartbeat's file is young while the process lives, and the health check reads its age."""

import os
import subprocess
import sys
import time

from services.worker.heartbeat import Heartbeat
from tests.conftest import ROOT


def health(path) -> int:
    environment = {**os.environ, "DIRECTRIX_WORKER_HEARTBEAT": str(path)}
    command = [sys.executable, str(ROOT / "docker/health.py"), "worker"]
    return subprocess.run(command, env=environment, check=False).returncode


def test_beats_until_it_is_stopped(tmp_path) -> None:
    path = tmp_path / "beat"
    heart = Heartbeat(str(path), seconds=0.01)
    heart.start()
    os.utime(path, (1, 1))
    until = time.monotonic() + 10
    while path.stat().st_mtime < 2:
        assert time.monotonic() < until
        time.sleep(0.01)
    heart.stop()


def test_the_health_check_tells_a_young_file_from_an_old_one(tmp_path) -> None:
    path = tmp_path / "beat"
    assert health(path) == 1
    path.touch()
    assert health(path) == 0
    os.utime(path, (time.time() - 60, time.time() - 60))
    assert health(path) == 1


def test_without_a_path_there_is_no_file(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    Heartbeat("").start()
    assert list(tmp_path.iterdir()) == []
