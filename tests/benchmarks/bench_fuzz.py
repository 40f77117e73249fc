"""Hostile requests to every call of a gateway over a real replica, in rounds.

Requests are made from good ones by the structure of their messages (tests/fuzz/mutation.py) and
sent by a process of their own, 24 at once. After every round a good edit has to give the bytes that
it gave at first, and the memory of gateway and replica is read. A hang is a request that got no
answer within 20 s; calls that may rightly use up the time that they are given have a second.
"""

import json
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import grpc
import psutil
from grpc_health.v1 import health_pb2_grpc

from directrix.v1.editing_service_pb2 import EditImageResponse
from tests.benchmarks.evidence import Evidence
from tests.fuzz.flood import Plan
from tests.integration.gateway.conftest import serving
from tests.integration.gateway.malformed import BASES, EDIT
from tests.integration.gateway.world import Scene, scene
from tests.integration.servers import wait_for

REQUESTS, ROUNDS = 100_000, 20
SEED = 52_001


def run(evidence: Evidence) -> None:
    answers: Counter[str] = Counter()
    defects, hangs, sizes, differing = [], [], [], 0
    with tempfile.TemporaryDirectory() as folder, scene(Path(folder)) as live:
        stub = health_pb2_grpc.HealthStub(live.channel)
        wait_for(lambda: serving(stub, ""), 120)
        first = _edit(live)
        for told in rounds(live, Path(folder), REQUESTS // ROUNDS, ROUNDS, SEED):
            answers.update(told["answers"])
            defects += told["defects"]
            hangs += told["hangs"]
            differing += _edit(live) != first
            sizes.append(_megabytes())
            evidence.row(**told, megabytes=sizes[-1])
            print(told["seconds"], sizes[-1], told["defects"][:3], told["hangs"][:3], flush=True)
    total = sum(answers.values())
    evidence.figure("requests", total, "requests", at_least=1e5)
    evidence.figure("internal_or_unknown", len(defects), "answers", at_most=0, n=total)
    evidence.figure("hangs", len(hangs), "requests", at_most=0, n=total)
    evidence.figure("edits_that_differ", differing, "edits", at_most=0, n=ROUNDS)
    early, late = sizes[ROUNDS // 2], sizes[-1]
    evidence.figure("memory_ratio", late / early, "ratio", at_most=1.1, n=ROUNDS)
    codes = Counter[str]()
    for key, count in answers.items():
        codes[key.rpartition(" ")[2]] += count
    evidence.table(("code", "answers"), sorted(codes.items(), key=lambda each: -each[1]))


def rounds(live: Scene, folder: Path, requests: int, count: int, seed: int) -> Iterator[dict]:
    """What each round's process told."""
    goods = {call: make(live) for call, make in BASES.items()}
    for each in range(count):
        plan = Plan.of(live.target, requests, seed + each * requests, goods)
        paths = folder / "plan.json", folder / "told.json"
        paths[0].write_text(json.dumps(asdict(plan)))
        command = [sys.executable, "-m", "tests.fuzz.flood", *map(str, paths)]
        subprocess.run(command, check=True, timeout=1800)
        yield json.loads(paths[1].read_text())


def _edit(live: Scene) -> str:
    """The digest of a good edit."""
    request = BASES[EDIT](live).SerializeToString()
    try:
        data = live.channel.unary_unary(EDIT)(request, timeout=10)
    except grpc.RpcError as error:
        return str(error.code())
    return EditImageResponse.FromString(data).image.digest


def _megabytes() -> float:
    """Resident memory of this process, which holds the gateway, and of what it started."""
    own = psutil.Process()
    return sum(each.memory_info().rss for each in (own, *own.children(recursive=True))) / 2**20
