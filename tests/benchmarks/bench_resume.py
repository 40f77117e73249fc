"""Every method's job, its worker killed with SIGKILL twenty times: digests, scores, edits the same.

Each method has two systems of its own: one that nobody disturbs says what has to come out, and of
which units of work the job consists; on the other one, with a store of its own, the worker is
killed within units drawn by chance, at moments within them drawn by chance. Several methods are at
it at once, for a worker that has died often is brought back half a minute later only.
"""

import fcntl
import random
import signal
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import ExitStack, contextmanager
from multiprocessing import get_context

from directrix import methods
from services.stack import leash
from tests.benchmarks import bundled
from tests.benchmarks.evidence import FOLDER, Evidence
from tests.benchmarks.system import System
from tests.benchmarks.undisturbed import (
    ENVIRONMENT,
    Job,
    Wanted,
    client_of,
    undisturbed,
    whole_system,
)
from tests.benchmarks.victim import Victim
from tests.benchmarks.worker_log import first_checkpoint, pieces_of_fit, units_recomputed

KILLS, AFTER_CHECKPOINT = 20, 5
"""Of each method at least."""
EARLY, A_SHARD = 2, 2
"""Kills before the first checkpoint of a fit; kills within one shard at most, as it is planned."""
MOST_JOBS = 4
"""Of one method, with seeds of their own, until there are kills enough."""

AT_ONCE = 4
"""Methods. What a system does most of the time is to bring its worker back."""

BOOT = {"scorers": ["boot"]}
HELD = ["bag", "coat", "dress", "pullover", "sandal", "sneaker", "trouser"]
EYES = {"wanted": ["pixels:eyes"], "suppressed": ["pixels:~eyes@0.01"]}
AVATARS = ("avatar-generator-r80", ("avatar-segmenter",), ("avatar-regressor",))

JOBS = (
    Job(
        "dplase", {"components": 2, "steps": 150, "batch": 8, "subspaces": 1}, None, 201
    ),
    Job(
        "ice", EYES | {"codes": 10, "components": 1, "kind": "directions"}, None, 202, *AVATARS
    ),
    Job("interfacegan", BOOT | {"conditions": HELD, "fraction": 0.5}, 2048, 203),
    Job(
        "intervention",
        BOOT | {"samples": 4, "deltas": [-3, 3], "greedy": True, "steps": 6, "tau": 0},
        None, 204,
    ),
    Job(
        "sc2gan",
        {"scorers": ["boot", "bag"], "rounds": 3, "share": 0.05, "steps": 8, "restorations": 1},
        1024, 205,
    ),
    Job("sefa", {"components": 2}, None, 206),
    Job("sensitivity", BOOT | {"samples": 32, "batch": 4, "epochs": 12}, None, 207),
)  # fmt: skip


def run(evidence: Evidence, jobs: Sequence[Job] = JOBS) -> None:
    began = time.monotonic()
    victims: dict[str, list[Victim]] = {}
    FOLDER.mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor(AT_ONCE, get_context("spawn"), _end_with_the_benchmark) as pool:
        started = [pool.submit(disturbed, job) for job in jobs]
        for done in as_completed(started):
            try:
                found = done.result()
            except Exception as error:  # the others count nevertheless: `methods` tells
                print(f"    failed: {error!r}", flush=True)
                continue
            victims[found[0].job.method] = found
            print(f"    {_told(found)}", flush=True)
    evidence.settings = {"jobs": [job._asdict() for job in jobs], "environment": ENVIRONMENT}
    for name in sorted(victims):
        for victim in victims[name]:
            for row in _rows(victim):
                evidence.row(**row)
    _figures(evidence, victims)
    evidence.figure("seconds", time.monotonic() - began, "s", n=len(victims))


def _figures(evidence: Evidence, victims: dict[str, list[Victim]]) -> None:
    every = [victim for found in victims.values() for victim in found]
    known = methods.names()
    kills = sum(len(victim.kills) for victim in every)
    evidence.figure("methods", len(victims), "methods", at_least=len(known), n=len(known))
    evidence.figure("kills", kills, "kills", at_least=KILLS * len(known), n=kills)
    least = min(sum(v.kills_after_checkpoint for v in found) for found in victims.values())
    evidence.figure(
        "kills_after_checkpoint_min", least, "kills a method", at_least=AFTER_CHECKPOINT, n=kills
    )
    mismatches = sum(bool(victim.differs) for victim in every)
    evidence.figure("digest_mismatches", mismatches, "jobs", at_most=0, n=len(every))
    worst = max(count for victim in every for count in _recomputed(victim))
    evidence.figure("shards_recomputed_max", worst, "shards a kill", at_most=1, n=kills)


def disturbed(asked: Job) -> list[Victim]:
    """Jobs like this one, with seeds that follow one another, until there are kills enough."""
    victims: list[Victim] = []
    while len(victims) < MOST_JOBS:
        due = KILLS - sum(len(victim.kills) for victim in victims)
        if due <= 0:
            break
        job = asked._replace(seed=asked.seed + 100 * len(victims))
        victims.append(_disturbed(job, due))
    return victims


def _disturbed(job: Job, due: int) -> Victim:
    victim = Victim(job, _wanted(job), random.Random(f"{job.method} {job.seed}"))
    with _system(f"resume-{job.method}") as system, client_of(system) as client:
        bundled.register(client, *job.models)
        victim.suffer(system, client, victim.places(due, EARLY, A_SHARD))
        victim.end(system, client)
    return victim


def _wanted(job: Job) -> Wanted:
    with _system(f"resume-{job.method}-reference") as system, client_of(system) as client:
        bundled.register(client, *job.models)
        return undisturbed(system, client, job)


@contextmanager
def _system(name: str) -> Iterator[System]:
    """One starts at a time: all at once would take longer than a system may take to start."""
    with ExitStack() as stack:
        with (FOLDER / "resume.lock").open("w") as turn:
            fcntl.flock(turn, fcntl.LOCK_EX)
            system = stack.enter_context(whole_system(name, "seaweedfs"))
        yield system


def _recomputed(victim: Victim) -> list[int]:
    return units_recomputed(victim.found, victim.kills, pieces_of_fit(victim.wanted.course))


def _rows(victim: Victim) -> list[dict]:
    """One for each kill."""
    found = victim.found
    first = found[first_checkpoint(found)].place
    return [
        {
            "method": victim.job.method,
            "seed": victim.job.seed,
            "last_begun": max((e for e in found if e.place < kill), key=lambda e: e.place).unit,
            "units_begun": len({event.unit for event in found if event.place < kill}),
            "units": len(victim.wanted.course),
            "after_checkpoint": kill > first,
            "recomputed": recomputed,
            "differs": victim.differs,
        }
        for kill, recomputed in zip(victim.kills, _recomputed(victim), strict=True)
    ]


def _told(victims: Sequence[Victim]) -> str:
    """A method in one line."""
    kills = sum(len(victim.kills) for victim in victims)
    after = sum(victim.kills_after_checkpoint for victim in victims)
    seconds = sum(victim.wanted.seconds for victim in victims)
    differs = sorted({name for victim in victims for name in victim.differs})
    return (
        f"{victims[0].job.method}: {kills} kills, {after} after the first checkpoint, "
        f"{len(victims)} jobs of {seconds:.0f} s undisturbed, differs in {differs or 'nothing'}"
    )


def _end_with_the_benchmark() -> None:
    """Also where that is killed: a process that runs jobs, and by it their systems."""
    leash.prctl(leash.SET_PARENT_DEATH_SIGNAL, signal.SIGTERM)
