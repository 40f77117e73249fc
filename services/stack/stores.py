"""The parts that are other people's programs: the broker (Valkey or Redis) and the object store."""

import json
from collections.abc import Mapping
from pathlib import Path
from subprocess import run

from services.stack import probes
from services.stack.keys import Secrets, write_private
from services.stack.part import Part
from services.stack.programs import broker_program, program

BUCKET = "directrix"
SEAWEEDFS_PORTS = (
    "s3", "s3-grpc", "master", "master-grpc", "volume", "volume-grpc", "filer", "filer-grpc",
    "admin", "admin-grpc",
)  # fmt: skip
MINIO_PORTS = ("s3", "metrics")
STORES = {"seaweedfs": SEAWEEDFS_PORTS, "minio": MINIO_PORTS}
"""The object stores that there are, with the ports that each needs."""


def broker(folder: Path, port: int, secrets: Secrets) -> Part:
    """Valkey, or Redis, without persistence: a lost broker loses no job."""
    home = folder / "broker"
    home.mkdir(exist_ok=True, mode=0o700)
    lines = [
        "bind 127.0.0.1", f"port {port}", f"requirepass {secrets.broker}", "save \"\"",
        "appendonly no", "maxmemory-policy noeviction", f"dir {home}", "daemonize no",
    ]  # fmt: skip
    config = write_private(home / "valkey.conf", "\n".join(lines) + "\n")
    url = broker_url(port, secrets)
    return Part(
        name="broker",
        command=(broker_program(), str(config)),
        folder=str(home),
        ready=lambda: probes.broker_answers(url),
        address=f"127.0.0.1:{port}",
        grace=5.0,
    )


def broker_url(port: int, secrets: Secrets) -> str:
    return f"redis://:{secrets.broker}@127.0.0.1:{port}/0"


def seaweedfs(folder: Path, ports: Mapping[str, int], secrets: Secrets) -> Part:
    """SeaweedFS in one process. Its data stay from run to run; its keys do not.

    The S3 port asks for our keys. Its other ports would hand out objects to anyone on this
    machine: tokens signed with a key of this run close the filer and the volumes.
    """
    home = folder / "store"
    (home / "data").mkdir(parents=True, exist_ok=True, mode=0o700)
    write_private(home / "s3.json", json.dumps(_identities(secrets)))
    write_private(home / "security.toml", _token_keys(secrets))
    options = write_private(home / "options", "\n".join(_options(ports, secrets)) + "\n")
    endpoint = f"127.0.0.1:{ports['s3']}"
    return Part(
        name="store",
        command=(program("weed"), "-logtostderr=true", "mini", f"-options={options}"),
        folder=str(home),
        environment={"HOME": str(home)},
        ready=lambda: probes.store_answers(endpoint, secrets.access_key, secrets.secret_key),
        address=endpoint,
        grace=8.0,
    )


def minio(folder: Path, ports: Mapping[str, int], secrets: Secrets) -> Part:
    """MinIO's own server code, as `juicefs gateway` over SQLite and a folder.

    --no-agent: without it everyone on this machine may profile the process, and read its memory.
    """
    home = folder / "store-minio"
    home.mkdir(exist_ok=True, mode=0o700)
    juicefs, meta = program("juicefs"), f"sqlite3://{home}/meta.db"
    if not (home / "meta.db").exists():
        make = [juicefs, "format", "--storage", "file", "--bucket", f"{home}/data/"]
        run([*make, "--trash-days", "0", meta, BUCKET], check=True, capture_output=True)
    endpoint = f"127.0.0.1:{ports['s3']}"
    gateway = "--no-agent gateway --multi-buckets --keep-etag --object-meta"
    gateway += " --no-usage-report --no-banner --no-bgjob"
    folders = ("--cache-dir", f"{home}/cache", "--log", f"{home}/gateway.log")
    metrics = ("--backup-meta", "0", "--metrics", f"127.0.0.1:{ports['metrics']}")
    return Part(
        name="store",
        command=(juicefs, *gateway.split(), *folders, *metrics, meta, endpoint),
        folder=str(home),
        environment={
            "HOME": str(home),
            "MINIO_ROOT_USER": secrets.access_key,
            "MINIO_ROOT_PASSWORD": secrets.secret_key,
        },
        ready=lambda: probes.store_answers(endpoint, secrets.access_key, secrets.secret_key),
        address=endpoint,
        grace=8.0,
    )


def _options(ports: Mapping[str, int], secrets: Secrets) -> list[str]:
    numbers = {
        "s3.port": "s3", "s3.port.grpc": "s3-grpc",
        "master.port": "master", "master.port.grpc": "master-grpc",
        "volume.port": "volume", "volume.port.grpc": "volume-grpc",
        "filer.port": "filer", "filer.port.grpc": "filer-grpc",
        "admin.port": "admin", "admin.port.grpc": "admin-grpc",
    }  # fmt: skip
    return [
        *(f"{option}={ports[name]}" for option, name in numbers.items()),
        "dir=data",
        "ip=127.0.0.1",
        "ip.bind=127.0.0.1",
        f"bucket={BUCKET}",
        "s3.config=s3.json",
        "s3.localSocket=s3.sock",
        "filer.localSocket=filer.sock",
        f"admin.password={secrets.store_internals}",
        "admin.ui=false",
        "webdav=false",
        "s3.port.iceberg=0",
        "s3.port.lance=0",
        "master.telemetry=false",
    ]


def _identities(secrets: Secrets) -> dict[str, object]:
    credentials = [{"accessKey": secrets.access_key, "secretKey": secrets.secret_key}]
    actions = ["Admin", "Read", "Write", "List", "Tagging"]
    return {"identities": [{"name": BUCKET, "credentials": credentials, "actions": actions}]}


def _token_keys(secrets: Secrets) -> str:
    tables = ("jwt.signing", "jwt.signing.read", "jwt.filer_signing", "jwt.filer_signing.read")
    return "".join(f'[{table}]\nkey = "{secrets.store_internals}"\n' for table in tables)
