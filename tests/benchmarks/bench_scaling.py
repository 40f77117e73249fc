"""How discoveries scale: over workers, over samples, and over more workers than there are here.

Measured: the same discovery by one worker and by two, who score on their own devices with one
torch thread each (`DIRECTRIX_WORKER_SCORING=own`), in fresh stacks; populations of 10^4 to 10^6
samples with what their workers held at most; several jobs at once. Simulated: the same queue
(`queue_model.py`) with times measured by one worker with one job. It foretells the other measured
points first. Then it has up to 1 000 workers, with a core each, and one broker, store and gateway.

`SCALING_SAMPLES=8192 python -m tests.benchmarks scaling` is a trial: a twelfth of everything.
"""

import os
from dataclasses import asdict, replace

from tests.benchmarks.evidence import Evidence
from tests.benchmarks.queue_model import Costs, Model
from tests.benchmarks.scaling_runs import OWN, Point, slowdown, stack_of
from tests.benchmarks.scaling_sheets import draw

SAMPLES = int(os.environ.get("SCALING_SAMPLES", 98_304))
"""Of the discovery that both numbers of workers do."""
FEW = SAMPLES // 3
"""Of each of several jobs at once."""
CURVE = (10_000, 100_000, 1_000_000)
ONE, SOME = ("boot",), ("boot", "bag", "dress")
"""Scorers that directions are found for: for time, and for memory."""
JOBS = (2, 3)
LOOKS, IDLE_SECONDS = 300, 10.0
"""Of an operation that has ended, and of a stack that does nothing."""
WORKERS = (1, 2, 5, 10, 20, 40, 60, 80, 100, 150, 200, 300, 500, 700, 1000)
ASKS = 2.0
"""Looks a second at each job that has not ended: those of the gateway for somebody who waits. Each
is taken to cost what a call of GetOperation does."""
MODEL_SECONDS, MODEL_SHARDS = 30.0, 256
SPENT = 0.95
"""The share of a part's time from which it is the limit."""


def run(evidence: Evidence) -> None:
    slow, points = slowdown(), []
    evidence.row(kind="slowdown", second_core=slow)
    with stack_of(1) as stack:
        looked, idle = stack.look(LOOKS), stack.idle(IDLE_SECONDS)
        large = note(evidence, points, stack.measure(1, SAMPLES, ONE))
        small = note(evidence, points, stack.measure(1, FEW, ONE))
        for jobs in JOBS:
            note(evidence, points, stack.measure(jobs, FEW, ONE))
    with stack_of(2) as stack:
        pair = note(evidence, points, stack.measure(1, SAMPLES, ONE))
        for jobs in (1, *JOBS):
            note(evidence, points, stack.measure(jobs, FEW, ONE))
    evidence.settings = {"samples": SAMPLES, "few": FEW, "curve": list(CURVE), "stack": OWN}
    evidence.settings |= {"looks_a_second": ASKS, "model_seconds": MODEL_SECONDS}
    efficiency = large.seconds / (2 * pair.seconds)
    evidence.figure("efficiency_2_workers", efficiency, "ratio", at_least=0.85, n=pair.shards)
    look_at_memory(evidence)
    shard = per_shard(evidence, large, small, looked, idle)
    costs = {
        p.samples: Costs(p.begin, p.shard - sum(shard), p.tail, *shard, *looked, slow)
        for p in (large, small)
    }
    told = [(p, foretold(costs[p.samples], p)) for p in points if p not in (large, small)]
    compare(evidence, told)
    look_ahead(evidence, costs[SAMPLES])


def note(evidence: Evidence, points: list[Point], point: Point) -> Point:
    evidence.row(kind="point", **asdict(point))
    points.append(point)
    print(f"    {point}", flush=True)
    return point


def look_at_memory(evidence: Evidence) -> None:
    """Each size by two fresh workers."""
    peaks = {}
    for samples in CURVE if SAMPLES > 50_000 else CURVE[:2]:
        with stack_of(2) as stack:
            point = note(evidence, [], stack.measure(1, samples, SOME))
        peaks[samples] = point.peak_mb
        evidence.figure(f"peak_rss_mb_{samples:.0e}", point.peak_mb, "MB", n=samples)
        evidence.figure(f"samples_per_second_{samples:.0e}", samples / point.seconds, "1/s")
    ratio = max(peaks.values()) / peaks[CURVE[0]]
    name = "rss_ratio_1e6_to_1e4" if CURVE[-1] in peaks else "rss_ratio_1e5_to_1e4"
    evidence.figure(name, ratio, "ratio", at_most=1.2, n=max(peaks))


def per_shard(
    evidence: Evidence,
    large: Point,
    small: Point,
    looked: tuple[float, float],
    idle: tuple[float, float],
) -> tuple[float, float]:
    """Seconds that a shard takes of the broker's core and of the store's.

    By the difference of two jobs of one worker, so that only what comes with shards counts; less
    what both parts use anyhow. Nobody waits for the job at the gateway meanwhile.
    """
    shards, seconds = large.shards - small.shards, large.seconds - small.seconds
    broker = (large.broker - small.broker - seconds * idle[0]) / shards
    store = (large.store - small.store - seconds * idle[1]) / shards
    commands, calls = (large.commands - small.commands), (large.calls - small.calls)
    waited = (large.call_seconds - small.call_seconds) / calls
    evidence.table(
        ["of one worker", "measured"],
        [
            ["seconds a shard of 1 024 samples", round(large.shard, 3)],
            ["commands of the broker a shard", round(commands / shards, 1)],
            ["milliseconds of the broker's core a shard", round(1e3 * broker, 3)],
            ["calls of the store a shard", round(calls / shards, 1)],
            ["milliseconds a call of the store", round(1e3 * waited, 2)],
            ["milliseconds of the store's cores a shard", round(1e3 * store, 2)],
            ["milliseconds of the gateway's core a look", round(1e3 * looked[0], 2)],
            ["milliseconds of the store's cores a look", round(1e3 * looked[1], 2)],
        ],
    )
    return max(broker, 0.0), max(store, 0.0)


def foretold(costs: Costs, point: Point) -> float:
    model = Model(costs, point.workers, shared=True)
    return model.run(point.jobs, -(-point.samples // 1024)).seconds


def compare(evidence: Evidence, told: list[tuple[Point, float]]) -> None:
    rows = [
        [p.workers, p.jobs, p.samples, round(p.seconds, 1), round(seconds, 1)]
        for p, seconds in told
    ]
    evidence.table(["workers", "jobs", "samples", "seconds measured", "seconds foretold"], rows)
    errors = [abs(seconds / point.seconds - 1) for point, seconds in told]
    evidence.figure("simulator_error", max(errors), "ratio", at_most=0.10, n=len(errors))


def look_ahead(evidence: Evidence, costs: Costs) -> None:
    """Twice as many jobs as workers, none of which ends while the model runs."""
    rows: list[tuple[int, float, float, dict[str, float]]] = []
    for workers in WORKERS:
        model = Model(replace(costs, begin=0.0), workers, asks=ASKS)
        found = model.run(2 * workers, MODEL_SHARDS, MODEL_SECONDS)
        rate = found.shards / found.seconds
        alone = rows[0][1] if rows else rate
        rows.append((workers, rate, rate / alone / workers, found.busy))
        evidence.row(kind="model", workers=workers, shards_per_second=rate, **found.busy)
    parts = list(rows[0][3])
    for part in parts:
        limit = next((workers for workers, *_, busy in rows if busy[part] >= SPENT), 0)
        evidence.figure(f"workers_at_limit_of_{part}", limit, "workers (0: beyond 1 000)")
    evidence.table(
        ["workers", "samples a second", "efficiency", *(f"{part} busy" for part in parts)],
        [
            [w, round(1024 * rate), round(share, 2), *(round(busy[p], 3) for p in parts)]
            for w, rate, share, busy in rows
        ],
    )
    draw([(w, {"efficiency": share, **busy}) for w, _, share, busy in rows])
