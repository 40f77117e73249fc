"""The same jobs with one seed, their worker killed with SIGKILL at random moments: same digests.

On SeaweedFS and on MinIO's server code, against a run on a store of its own that nobody disturbs.
That run also says of which units of work each job consists and how long they take on this machine:
a kill falls into a unit drawn by chance, at a moment within it drawn by chance. The first kill of
a job falls anywhere, the others after the first checkpoint of its fit.
"""

import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.benchmarks import bundled
from tests.benchmarks.evidence import Evidence
from tests.benchmarks.undisturbed import (
    ENVIRONMENT,
    Job,
    Wanted,
    client_of,
    undisturbed,
    whole_system,
)
from tests.benchmarks.victim import Victim
from tests.benchmarks.worker_log import begun_again, pieces_of_fit

STORES = ("seaweedfs", "minio")
FEW = {"scorers": ["boot", "bag", "dress"]}
KILLS_A_STORE = 12
JOBS_A_SYSTEM = 2
"""A system that starts anew brings a dead worker back at once again."""

JOBS = (
    Job("interfacegan", FEW, 6144, 101),
    Job("intervention", FEW | {"samples": 24}, None, 102),
    Job("interfacegan", FEW | {"learner": "logistic"}, 8192, 103),
    Job("intervention", FEW | {"samples": 32}, None, 104),
)


@dataclass
class Tally:
    """What the kills did."""

    kills: int = 0
    after_checkpoint: int = 0
    mismatches: int = 0
    begun_again: list[int] = field(default_factory=list)
    """For each kill: how many shards were begun once more because of it."""
    fits_repeated: int = 0
    """Pieces of a fit that were stored twice, over all jobs."""

    def add(self, victim: Victim) -> None:
        """One more job, which has ended."""
        self.kills += len(victim.kills)
        self.after_checkpoint += victim.kills_after_checkpoint
        self.mismatches += bool(victim.differs)
        self.begun_again += begun_again(victim.found, victim.kills)
        extra = pieces_of_fit(victim.found) - pieces_of_fit(victim.wanted.course)
        self.fits_repeated += max(0, extra)


def run(evidence: Evidence) -> None:
    began = time.monotonic()
    wanted, tally = _all_undisturbed(), Tally()
    for store in STORES:
        for victim in _disturbed_store(store, wanted, random.Random(store)):
            tally.add(victim)
            for row in _rows(victim):
                evidence.row(store=store, **row, differs=victim.differs)
    kills, jobs = tally.kills, len(JOBS) * len(STORES)
    evidence.settings = {"stores": list(STORES), "jobs": [job._asdict() for job in JOBS]}
    evidence.settings |= {"environment": ENVIRONMENT}
    evidence.figure("kills", kills, "kills", at_least=20, n=kills)
    after = tally.after_checkpoint
    evidence.figure("kills_after_checkpoint", after, "kills", at_least=5, n=kills)
    evidence.figure("digest_mismatches", tally.mismatches, "jobs", at_most=0, n=jobs)
    worst = max(tally.begun_again, default=0)
    evidence.figure("shards_recomputed_max", worst, "shards a kill", at_most=1, n=kills)
    evidence.figure("fit_pieces_repeated", tally.fits_repeated, "pieces", at_most=0, n=jobs)
    evidence.figure("seconds", time.monotonic() - began, "s", n=jobs + len(JOBS))


def _all_undisturbed() -> list[Wanted]:
    wanted = []
    with whole_system("kills-reference", "seaweedfs") as system, client_of(system) as client:
        bundled.register(client, bundled.GENERATOR, bundled.CLASSIFIER)
        for job in JOBS:
            found = undisturbed(system, client, job)
            words = f"{len(found.course)} units in {found.seconds:.1f} s"
            print(f"    {job.method}: {words}", flush=True)
            wanted.append(found)
    return wanted


def _disturbed_store(store: str, wanted: Sequence[Wanted], chance: random.Random) -> list[Victim]:
    """All jobs on one store, by systems that follow one another on the same folder."""
    victims: list[Victim] = []
    for first in range(0, len(JOBS), JOBS_A_SYSTEM):
        started = whole_system(f"kills-{store}", store, fresh=first == 0)
        with started as system, client_of(system) as client:
            bundled.register(client, bundled.GENERATOR, bundled.CLASSIFIER)
            for number in range(first, min(first + JOBS_A_SYSTEM, len(JOBS))):
                kills = sum(len(victim.kills) for victim in victims)
                due = KILLS_A_STORE * (number + 1) // len(JOBS) - kills
                victim = Victim(JOBS[number], wanted[number], chance)
                victim.suffer(system, client, victim.places(due))
                victim.end(system, client)
                words = f"{len(victim.kills)} kills, differs in {victim.differs or 'nothing'}"
                print(f"    {store} {JOBS[number].method}: {words}", flush=True)
                victims.append(victim)
    return victims


def _rows(victim: Victim) -> list[dict]:
    """One for each kill."""
    again = begun_again(victim.found, victim.kills)
    return [
        {
            "method": victim.job.method,
            "seed": victim.job.seed,
            "units_begun": len({e.unit for e in victim.found if e.place < kill}),
            "units": len(victim.wanted.course),
            "begun_again": count,
        }
        for kill, count in zip(victim.kills, again, strict=True)
    ]
