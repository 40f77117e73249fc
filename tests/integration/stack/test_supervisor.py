"""The supervisor over real stores and over a part that leaves stubborn processes behind."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from services.stack import survivors
from services.stack.record import Record, read

SCRIPT = Path(__file__).with_name("small_stack.py")
ROOT = Path(__file__).parents[3]


class SmallStack:
    """The script as a process; `record` is what it writes down."""

    def __init__(self, folder: Path):
        self.folder = folder

    def start(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-u", str(SCRIPT), str(self.folder)],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=(self.folder / "out.log").open("a"),
            stderr=subprocess.STDOUT,
        )
        eventually(lambda: self.record().supervisor == self.process.pid and self.record().ready)

    def record(self) -> Record:
        return read(self.folder / "state.json") or Record("", "", 0, "", "")

    def processes(self) -> list[psutil.Process]:
        return [psutil.Process(pid) for pid, _ in self.record().processes]


@pytest.fixture
def small(tmp_path: Path) -> Iterator[SmallStack]:
    stack = SmallStack(tmp_path)
    stack.start()
    yield stack
    if stack.process.poll() is None:
        stack.process.terminate()
        stack.process.wait(30)
    survivors.end(stack.record())


def eventually(true: Callable[[], bool], seconds: float = 20.0) -> None:
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.05)


def listening(record: Record) -> list[int]:
    open_ports = {c.laddr.port for c in psutil.net_connections("tcp") if c.status == "LISTEN"}
    return [port for port in record.ports.values() if port in open_ports]


def gone(processes: list[psutil.Process]) -> bool:
    return not any(p.is_running() and p.status() != psutil.STATUS_ZOMBIE for p in processes)


def test_a_dead_part_comes_back_on_its_port(small: SmallStack) -> None:
    before = small.record()
    for name in ("broker", "store", "brood"):
        pid = small.record().parts[name]
        os.kill(pid, signal.SIGKILL)
        eventually(lambda name=name, pid=pid: small.record().parts.get(name, pid) != pid)
        eventually(lambda: small.record().ready)
    assert small.record().ports == before.ports
    assert sorted(listening(before)) == sorted(before.ports.values())


def test_a_killed_leash_leaves_nothing_behind(small: SmallStack) -> None:
    brood = psutil.Process(small.record().parts["brood"])
    below = [brood, *brood.children(recursive=True)]
    assert len(below) == 3
    psutil.Process(brood.ppid()).kill()
    eventually(lambda: gone(below))
    eventually(lambda: small.record().parts.get("brood", brood.pid) != brood.pid)


def test_term_ends_every_process_and_port(small: SmallStack) -> None:
    processes, record = small.processes(), small.record()
    assert len(processes) >= 8  # three leashes, two stores, three of the brood
    small.process.terminate()
    assert small.process.wait(30) == 0
    assert gone(processes)
    assert survivors.of(record) == set()
    assert listening(record) == []
    assert small.record().processes == []


def test_nothing_outlives_a_killed_supervisor(small: SmallStack) -> None:
    processes, record = small.processes(), small.record()
    small.process.kill()
    small.process.wait()
    eventually(lambda: gone(processes), seconds=8)
    assert survivors.of(record) == set()
    assert listening(record) == []


def test_the_next_start_ends_what_a_kill_of_everything_left(small: SmallStack) -> None:
    stubborn = psutil.Process(int((small.folder / "brood.pid").read_text()))
    leashes = [psutil.Process(pid).parent() for pid in small.record().parts.values()]
    small.process.send_signal(signal.SIGSTOP)
    for process in leashes:
        process.kill()
    small.process.kill()
    small.process.wait()
    assert stubborn.is_running()
    small.start()
    assert gone([stubborn])


def test_the_store_answers_to_its_keys_only(small: SmallStack) -> None:
    ports = small.record().ports
    for path in (f"{ports['s3']}/directrix", f"{ports['filer']}/buckets/directrix/"):
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(f"http://127.0.0.1:{path}")
        assert refused.value.code in (401, 403)


def test_secrets_are_readable_by_their_owner_only(small: SmallStack) -> None:
    keys = json.loads((small.folder / "store/s3.json").read_text())
    secret = keys["identities"][0]["credentials"][0]["secretKey"]
    assert len(secret) == 48
    for name in ("store/s3.json", "store/options", "store/security.toml", "broker/valkey.conf"):
        assert (small.folder / name).stat().st_mode & 0o077 == 0
    assert secret not in (small.folder / "state.json").read_text()
