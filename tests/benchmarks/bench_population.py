"""Scored samples per second through worker and replica, as a ratio to the bare models.

Bare: generator, uint8 conversion and classifier in one thread at batch 64, right before and right
after the job. The job is a real discovery; its population stage is timed from its own progress.
Memory is the largest sum over the processes of the worker, at 10^4 and 10^5 samples.
"""

import threading
import time
from pathlib import Path

import psutil
import torch

from directrix.client import Client
from directrix.types import Space
from tests.benchmarks import bundled
from tests.benchmarks.evidence import Evidence
from tests.benchmarks.system import ONE_REPLICA, System, running

SIZES = {"1e4": 10_000, "1e5": 100_000}
BARE_SECONDS, BARE_BATCH = 4.0, 64


def run(evidence: Evidence) -> None:
    torch.set_num_threads(1)
    evidence.settings = {"models": [bundled.GENERATOR, bundled.CLASSIFIER], "form": "result"}
    peaks = {}
    with (
        running(Path("build/bench/stack-full"), "full", environment=ONE_REPLICA) as system,
        Client(system.endpoint) as client,
    ):
        bundled.register(client, bundled.GENERATOR, bundled.CLASSIFIER)
        for name, samples in SIZES.items():
            before = bare_rate()
            rate, peak = measure(system, client, samples, seed=int(time.time()))
            bare = (before + bare_rate()) / 2
            evidence.row(
                samples=samples, samples_per_second=rate, bare_per_second=bare, peak_rss_mb=peak
            )
            if name == "1e4":
                ratio = rate / bare
                evidence.figure("throughput_ratio", ratio, "ratio", at_least=0.85, n=samples)
            peaks[name] = peak
            evidence.figure(f"peak_rss_mb_{name}", peak, "MB", n=samples)
    growth = peaks["1e5"] / peaks["1e4"]
    evidence.figure("peak_rss_growth", growth, "ratio", at_most=1.1, n=SIZES["1e5"])


def bare_rate() -> float:
    """Samples per second of the models alone."""
    generator, classifier = bundled.load()
    latents = torch.randn(BARE_BATCH, generator.dimension(Space.Z))
    count, start = 0, time.perf_counter()
    with torch.inference_mode():
        while time.perf_counter() - start < BARE_SECONDS:
            images = generator.synthesise(latents, Space.Z)
            pixels = ((images.clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8)
            classifier.scores(pixels / 127.5 - 1)
            count += BARE_BATCH
    return count / (time.perf_counter() - start)


def measure(system: System, client: Client, samples: int, seed: int) -> tuple[float, float]:
    """Samples per second of the population stage, and the worker's peak memory in MB."""
    watch = PeakMemory(system)
    job = client.discover(
        bundled.GENERATOR, "interfacegan", [bundled.CLASSIFIER], seed=seed, samples=samples
    )
    seen: list[tuple[float, int]] = []
    for state in job.watch(interval=0.1):
        if state.progress.stage == "population":
            now = time.perf_counter()
            if not seen or seen[-1][1] != state.progress.done:
                seen.append((now, state.progress.done))
    job.result()
    peak = watch.stop()
    moving = [point for point in seen if point[1] > 0]
    (t0, first), (t1, last) = moving[0], moving[-1]
    return (last - first) / (t1 - t0), peak


class PeakMemory:
    """Samples the resident memory of the worker and its children, every 0.1 s."""

    def __init__(self, system: System):
        self._system = system
        self._peak = 0.0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def stop(self) -> float:
        self._ended.set()
        self._thread.join()
        return self._peak

    def _run(self) -> None:
        while not self._ended.wait(0.1):
            self._peak = max(self._peak, _resident_mb(self._system.parts["worker"]))


def _resident_mb(pid: int) -> float:
    try:
        parent = psutil.Process(pid)
        family = [parent, *parent.children(recursive=True)]
        return sum(process.memory_info().rss for process in family) / 1e6
    except psutil.NoSuchProcess:
        return 0.0
