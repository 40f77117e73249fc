"""Half an hour at 70 % load with a fault every 30 s: no answer is lost, and nothing grows.

The load is edits by the shipped client's settings, seven tenths of what the stack answered in a
short burst before; small jobs run beside it. The faults are those of the fault table, in turns of
chance: killed and stopped parts, a broker that forgets, a store that fails. Two gateways share a
port; the first one, one of two workers and the supervisor are never hit, and it is their memory
that is looked at over the whole time.

An answer is lost where a caller has heard neither an answer nor UNAVAILABLE with RetryInfo within
its deadline. Seconds are undisturbed while no fault lasts and every part is ready.

DIRECTRIX_SOAK_MINUTES=3 makes a trial of it.
"""

import json
import os
import random
import shutil
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field

import numpy as np
import psutil

from directrix.archive import pack_arrays
from directrix.client import Client
from directrix.client.errors import ApiError
from directrix.generators import dcgan
from tests.benchmarks.evidence import FOLDER, Evidence
from tests.benchmarks.steady import ANSWERED, LOST, TOLD
from tests.faults.catalogue import LITE, kill, stop
from tests.faults.errands import Caller, Outcome, errands, register
from tests.faults.world import World, world

MINUTES = float(os.environ.get("DIRECTRIX_SOAK_MINUTES", "30"))
EVERY = 30.0
"""Seconds from fault to fault."""
SHARE = 0.7
"""Of what the stack can answer."""
BURST = 10.0
CALLERS, MOST = 32, 160
"""In flight: in the burst, and at most afterwards."""
DEADLINE = 20.0
SETTLING = 3.0
"""Seconds after the last part is ready in which what has waited is answered."""
WARM = 0.1
"""Share of the time in which caches fill, before memory is looked at."""
SPARED = ("gateway", "worker-2")
"""Parts that no fault hits."""
CONFIG = {"z_dim": 100, "widths": [512, 256, 128, 64], "image_channels": 3}
FAULTS = {
    "gateway killed": kill("gateway-2"),
    "gateway stopped": stop("gateway-2"),
} | {
    name: LITE[name]
    for name in (
        "replica killed", "worker killed", "broker killed", "store killed", "replica stopped",
        "worker stopped", "broker emptied", "store answers 500", "store slow", "store full",
        "store's answers lost",
    )
}  # fmt: skip


def run(evidence: Evidence) -> None:
    os.environ |= {"DIRECTRIX_STACK_GATEWAYS": "2", "DIRECTRIX_STACK_WORKERS": "2"}
    folder = FOLDER / "stack-soak"
    chance = random.Random("soak")
    with world(folder, "lite", "seaweedfs", chance, jumps=False) as found:
        Soak(evidence, found, chance).run()
    shutil.rmtree(folder, ignore_errors=True)


@dataclass
class Soak:
    """The load, the faults, the jobs and the watch over memory, each in a thread or process."""

    evidence: Evidence
    world: World
    chance: random.Random
    faults: list[tuple[float, float, str]] = field(default_factory=list)
    """From when to when, in seconds of `time.time`, and which."""
    memory: dict[str, list[tuple[float, float]]] = field(default_factory=dict)
    """By process: when, and megabytes."""
    jobs: list[str] = field(default_factory=list)
    """How each ended."""

    def run(self) -> None:
        endpoint, seconds = self.world.system.endpoint, 60 * MINUTES
        card, arrays = dcgan.card(CONFIG, name="soak"), dcgan.random_arrays(CONFIG, seed=0)
        with Client(endpoint, timeout=60) as client:
            register(client)
            client.register_model("soak", card.model_dump_json(), pack_arrays(arrays))
        self._load(rate=0, seconds=BURST / 2, most=CALLERS)  # models are read, caches filled
        burst = self._load(rate=0, seconds=BURST, most=CALLERS)
        capacity = int((burst["outcomes"] == ANSWERED).sum()) / BURST
        self._over = threading.Event()
        threads = [
            threading.Thread(target=work)
            for work in (self._do_faults, self._do_jobs, self._watch_memory)
        ]
        began = time.time()
        for thread in threads:
            thread.start()
        try:
            calls = self._load(rate=SHARE * capacity, seconds=seconds, most=MOST)
        finally:
            self._over.set()
            for thread in threads:
                thread.join()
        self._tell(calls, capacity, began, began + seconds)

    def _load(self, rate: float, seconds: float, most: int) -> dict[str, np.ndarray]:
        spec = {
            "endpoint": self.world.system.endpoint, "model": "projects/default/models/soak",
            "rate": rate, "seconds": seconds, "most": most, "deadline": DEADLINE,
            "seed": self.chance.randrange(2**31),
        }  # fmt: skip
        spec_path, out_path = (self.world.system.folder / f"load.{end}" for end in ("json", "npz"))
        spec_path.write_text(json.dumps(spec))
        command = [sys.executable, "-m", "tests.benchmarks.steady", str(spec_path), str(out_path)]
        subprocess.run(command, check=True)
        return dict(np.load(out_path))

    def _do_faults(self) -> None:
        """One every EVERY seconds; a round of all of them is in another order each time."""
        waiting: list[str] = []
        due = time.time() + EVERY
        while not self._over.wait(max(0.0, due - time.time())):
            if not waiting:
                waiting = self.chance.sample(sorted(FAULTS), len(FAULTS))
            name, began = waiting.pop(), time.time()
            due = max(due + EVERY, began)
            parts = self.world.record.parts
            FAULTS[name](self.world)
            time.sleep(0.5)  # until the supervisor has seen it
            while time.time() < due and not self._over.is_set() and not self._ready(name, parts):
                time.sleep(0.1)
            self.faults.append((began, time.time() + SETTLING, name))

    def _ready(self, name: str, before: dict[str, int]) -> bool:
        record = self.world.record
        gone = name.endswith(("killed", "stopped")) and record.parts == before
        return record.ready and not gone

    def _do_jobs(self) -> None:
        caller = Caller(self.world.system.endpoint, 300.0)
        wanted: dict[str, Outcome] = {}
        kinds = errands(3)
        while not self._over.wait(10.0):
            errand = kinds[len(self.jobs) % len(kinds)]
            try:
                found = caller.end(caller.start(errand))
            except ApiError as error:
                found = error
            good = isinstance(found, Outcome) and found == wanted.setdefault(str(errand), found)
            self.jobs.append("as before" if good else f"{errand.method}: {found!r}"[:200])
        caller.close()

    def _watch_memory(self) -> None:
        record = self.world.record
        spared = {"supervisor": record.supervisor} | {name: record.parts[name] for name in SPARED}
        processes = {name: psutil.Process(pid) for name, pid in spared.items()}
        while not self._over.wait(2.0):
            for name, process in processes.items():
                megabytes = process.memory_info().rss / 2**20
                self.memory.setdefault(name, []).append((time.time(), megabytes))

    def _tell(
        self, calls: dict[str, np.ndarray], capacity: float, began: float, ended: float
    ) -> None:
        begun, outcomes = calls["begun"], calls["outcomes"]
        calm = (outcomes == ANSWERED) & ~self._disturbed(begun)
        third = (ended - began) / 3
        first, last = calm & (begun < began + third), calm & (begun > ended - third)
        p99 = [
            float(np.percentile(calls["seconds"][each], 99)) for each in (first, last) if each.any()
        ]
        slopes = {name: slope(samples, began, ended) for name, samples in self.memory.items()}
        evidence = self.evidence
        evidence.settings = {
            "profile": "lite, two gateways, two workers", "store": "seaweedfs",
            "share_of_capacity": SHARE, "capacity_per_second": capacity,
            "fault_every_seconds": EVERY, "deadline_seconds": DEADLINE,
            "p99_ms_of_thirds": [1000 * each for each in p99],
            "rss_slopes_mb_per_hour": slopes, "lost": calls["lost"].tolist()[:100],
            "jobs_not_as_before": [each for each in self.jobs if each != "as before"],
        }  # fmt: skip
        count, told = len(begun), int((outcomes == TOLD).sum())
        lost = int((outcomes == LOST).sum())
        evidence.figure("minutes", (ended - began) / 60, "min", at_least=30)
        evidence.figure("lost", lost, "answers", at_most=0, n=count)
        steepest = max(slopes.values())
        evidence.figure("rss_slope_mb_per_hour", steepest, "MB/h", at_most=10, n=len(slopes))
        if len(p99) == 2:  # else a third of the time has no undisturbed second
            n = int(first.sum() + last.sum())
            evidence.figure("p99_ratio", p99[1] / p99[0], "ratio", at_most=1.25, n=n)
        evidence.figure("told_to_try_again", told, "answers", n=count)
        evidence.figure("left_out", len(calls["skipped"]), "calls", n=count + len(calls["skipped"]))
        evidence.figure("faults", len(self.faults), "faults")
        calm_share = float(np.mean(~self._disturbed(np.arange(began, ended, 0.1))))
        evidence.figure("undisturbed", calm_share, "share of the time")
        bad = sum(each != "as before" for each in self.jobs)
        evidence.figure("jobs_not_as_before", bad, "jobs", at_most=0, n=len(self.jobs))
        for fault in self.faults:
            self._tell_fault(fault, calls, began)

    def _tell_fault(
        self, fault: tuple[float, float, str], calls: dict[str, np.ndarray], began: float
    ) -> None:
        start, end, name = fault
        during = (calls["begun"] >= start - 1) & (calls["begun"] < end)
        slowest = calls["seconds"][during].max() if during.any() else 0.0
        self.evidence.row(
            fault=name,
            second=round(start - began, 1),
            disturbed_seconds=round(end - start, 1),
            calls=int(during.sum()),
            slowest_seconds=round(float(slowest), 3),
            told=int((calls["outcomes"][during] == TOLD).sum()),
            lost=int((calls["outcomes"][during] == LOST).sum()),
        )

    def _disturbed(self, moments: np.ndarray) -> np.ndarray:
        """Whether a fault lasted then, or what came of it."""
        found = np.zeros(len(moments), bool)
        for start, end, _ in self.faults:
            found |= (moments >= start - 0.5) & (moments < end)
        return found


def slope(samples: list[tuple[float, float]], began: float, ended: float) -> float:
    """Megabytes an hour: the median of the slopes of all pairs (Theil and Sen), once it is warm.

    Of 300 samples at most; 0 where there are fewer than two.
    """
    warm = began + WARM * (ended - began)
    kept = np.array([each for each in samples if each[0] >= warm])
    if len(kept) < 2:
        return 0.0
    kept = kept[:: max(1, len(kept) // 300)]
    first, second = np.triu_indices(len(kept), 1)
    rise = kept[second] - kept[first]
    return float(np.median(rise[:, 1] / rise[:, 0]) * 3600)
