"""What one replica and one worker give and take: images a second, and memory, with bundled models.

The whole system with one replica of one thread under Ray Serve. For each generator 32 callers ask
for edits in a closed loop; then a discovery runs. Memory is what the kernel says that processes
hold: their own pages, and their part of shared ones (Pss); of the worker the most it ever held.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from directrix.client import Client
from services.serving.guard import descendants
from tests.benchmarks.bundled import files, register
from tests.benchmarks.evidence import Evidence
from tests.benchmarks.system import ONE_REPLICA, System, running

GENERATORS = {"fashion-generator": "fashion-classifier", "avatar-generator-r80": ""}
"""And what judges the discovery, where one runs."""
CALLERS = 32
SECONDS, WARMUP = 10.0, 5.0
SAMPLES = 2048


def run(evidence: Evidence) -> None:
    evidence.settings |= {"callers": CALLERS, "seconds": SECONDS, "replicas": 1, "threads": 1}
    with (
        tempfile.TemporaryDirectory() as scratch,
        running(Path("build/bench/stack-sizing"), "full", environment=ONE_REPLICA) as system,
        Client(system.endpoint) as client,
    ):
        _memory(evidence, system, "idle")
        for name, judge in GENERATORS.items():
            register(client, *filter(None, (name, judge)))
            latencies = _load(system, name, Path(scratch))
            for latency in latencies:
                evidence.row(generator=name, milliseconds=round(latency * 1000, 3))
            rate, count = len(latencies) / SECONDS, len(latencies)
            label = name.replace("-", "_")
            evidence.figure(f"{label}_images_per_second", rate, "images/s", n=count)
            p99 = float(np.percentile(latencies, 99)) * 1000
            evidence.figure(f"{label}_p99_ms", p99, "ms", n=count)
            if judge:
                client.discover(name, "sefa", predictors=[judge], samples=SAMPLES).result()
        _memory(evidence, system, "busy")
        worker = system.parts["worker"]
        evidence.figure("worker_most_mb", _field(worker, "status", "VmHWM"), "MB")


def _memory(evidence: Evidence, system: System, when: str) -> None:
    """Of each part with all below it; of serving the largest process too, which is the replica."""
    for part in ("gateway", "worker", "serving"):
        pids = {system.parts[part], *descendants(system.parts[part])}
        held = [_field(pid, "smaps_rollup", "Pss") for pid in pids]
        evidence.figure(f"{part}_{when}_mb", sum(held), "MB", n=len(held))
        if part == "serving":
            evidence.figure(f"replica_{when}_mb", max(held), "MB")


def _field(pid: int, file: str, name: str) -> float:
    """A line of /proc in MB of 2^20 bytes; 0 of a process that has ended."""
    try:
        lines = Path(f"/proc/{pid}/{file}").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(x.split()[1]) / 1024 for x in lines if x.startswith(f"{name}:")), 0.0)


def _load(system: System, name: str, scratch: Path) -> list[float]:
    card = json.loads(files(name)[0])
    with Client(system.endpoint) as client:
        digest = client.model(name).digest
    spec = {
        "endpoint": system.endpoint, "model": f"projects/default/models/{name}", "digest": digest,
        "dimension": next(s["dimension"] for s in card["spaces"] if s["space"] == "z"),
        "callers": CALLERS, "encoding": "ENCODING_RAW", "seconds": SECONDS, "warmup": WARMUP,
        "seed": 1,
    }  # fmt: skip
    (scratch / "spec.json").write_text(json.dumps(spec))
    out = scratch / "out.npz"
    command = [sys.executable, "-m", "tests.benchmarks.load", str(scratch / "spec.json"), str(out)]
    subprocess.run(command, check=True)
    return np.load(out)["latencies"].tolist()
