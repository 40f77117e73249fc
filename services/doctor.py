"""`python -m services.doctor [--json]`: what is behind a service, looked at with its settings.

Run it where the service runs, with the same environment. It writes one small object of a random
name and removes it; nothing else is changed. Exit codes: 0 all is well or only warnings, 1 not.
"""

import argparse
import shutil
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import redis

from directrix.cli.checks import Look, State, checked, show
from directrix.errors import DirectrixError
from services.artifacts import open_store
from services.inference.client import BlockingInferenceClient
from services.jobs.redis_client import connect, reaching_redis
from services.settings import Settings, settings

LEAST_FREE = 2 * 1024**3
"""Bytes of a disk."""
SKEW_SECONDS = 2.0
LISTENING = "0A"
"""The kernel's word for it, in /proc/net/tcp."""

Found = tuple[State, str, str]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m services.doctor", description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON document")
    options = parser.parse_args()
    found = list(checked(looks(settings()), (DirectrixError, OSError, redis.RedisError)))
    return 0 if show(found, options.json) else 1


def looks(config: Settings) -> list[tuple[str, Look]]:
    """Every look, in the order in which a request or a job needs what is looked at."""
    return [
        ("store", lambda: _store(config)),
        ("store, conditional writes", lambda: _conditional(config)),
        ("broker", lambda: _broker(config)),
        ("broker, eviction", lambda: _eviction(config)),
        ("broker, clock", lambda: _clock(config)),
        ("workers", lambda: _workers(config)),
        ("replicas", lambda: _replicas(config)),
        ("listeners", lambda: _listeners(config, Path("/proc/net"))),
        ("disk", lambda: _disk(config)),
    ]


def _store(config: Settings) -> Found:
    store, key, data = open_store(config), f"probes/{uuid.uuid4().hex}", b"doctor"
    began = time.perf_counter()
    store.put(key, data)
    same = store.get(key) == data
    store.delete(key)
    took = 1e3 * (time.perf_counter() - began)
    if not same or store.exists(key):
        return State.FAIL, "it does not give back, or does not delete, what was put", ""
    return State.OK, f"{config.store_kind}: put, get and delete in {took:.0f} ms", ""


def _conditional(config: Settings) -> Found:
    if open_store(config).conditional:
        return State.OK, "a second writer of one key is refused", ""
    says = "it overwrites: jobs are kept apart by locks in the broker"
    return State.WARN, says, "an S3 server that honours If-None-Match is safer"


@contextmanager
def _reached(config: Settings) -> Iterator[Any]:
    with closing(connect(config)) as client, reaching_redis():
        yield client


def _broker(config: Settings) -> Found:
    with _reached(config) as client:
        began = time.perf_counter()
        client.ping()
        took = 1e3 * (time.perf_counter() - began)
        waiting = client.llen(config.queue)
    return State.OK, f"answers in {took:.1f} ms; {waiting} messages wait", ""


def _eviction(config: Settings) -> Found:
    with _reached(config) as client:
        memory = client.info("memory")
    policy, most = memory.get("maxmemory_policy", ""), memory.get("maxmemory", 0)
    if most and policy != "noeviction":
        return State.WARN, f"{policy}: leases may vanish", "set maxmemory-policy to noeviction"
    return State.OK, policy or "unknown", ""


def _clock(config: Settings) -> Found:
    with _reached(config) as client:
        before = time.time()
        seconds, micros = client.time()
        after = time.time()
    away = seconds + micros / 1e6 - (before + after) / 2
    says = f"{away:+.3f} s from ours, measured to {(after - before) / 2:.3f} s"
    if abs(away) > SKEW_SECONDS:
        return State.WARN, says, "set the clocks by NTP"
    return State.OK, says, ""


def _workers(config: Settings) -> Found:
    with _reached(config) as client:
        listening = sum(other["cmd"] == "brpop" for other in client.client_list())
    if not listening:
        says = "none waits at the queue: all are busy, or none runs"
        return State.WARN, says, "python -m services.worker"
    return State.OK, f"{listening} wait at the queue", ""


def _replicas(config: Settings) -> Found:
    secret = config.inference_secret.get_secret_value()
    target, application = config.inference_target, config.inference_application
    with BlockingInferenceClient(target, secret, application) as client:
        if client.ready(5.0):
            return State.OK, f"one answers at {target}", ""
    return State.FAIL, f"none answers at {target}", "look at the log of serving"


def _listeners(config: Settings, proc: Path) -> Found:
    """Of this machine, at the ports that the settings name."""
    there = dict(_listening(proc))
    ours = {config.gateway_port: "gateway", config.metrics_port or -1: "metrics"}
    ours[int(config.inference_target.rpartition(":")[2])] = "inference"
    found = {port: name for port, name in ours.items() if port in there}
    if wide := [name for port, name in found.items() if there[port]]:
        says = f"{', '.join(wide)}: on more than loopback"
        return State.WARN, says, "only behind TLS and authentication, or a network policy"
    named = ", ".join(f"{name} {port}" for port, name in found.items()) or "none here"
    return State.OK, f"on loopback: {named}", ""


def _listening(proc: Path) -> Iterator[tuple[int, bool]]:
    """(port, whether beyond loopback) of every TCP listener."""
    for name in ("tcp", "tcp6"):
        for line in (proc / name).read_text().splitlines()[1:]:
            _, local, _, state, *_ = line.split()
            address, _, port = local.partition(":")
            # the kernel writes each 4 bytes of an address in the machine's order
            loopback = address[-2:] == "7F" or address == f"{'0' * 24}01000000"
            if state == LISTENING:
                yield int(port, 16), not loopback


def _disk(config: Settings) -> Found:
    folder = config.store_folder if config.store_kind == "folder" else Path.cwd()
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    says = f"{free / 1024**3:.1f} GiB free"
    if free < LEAST_FREE:
        return State.WARN, says, f"less than {LEAST_FREE / 1024**3:.0f} GiB: make room"
    return State.OK, says, ""


if __name__ == "__main__":
    sys.exit(main())
