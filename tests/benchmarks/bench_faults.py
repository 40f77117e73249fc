"""Faults injected into the real parts at random, seeded moments; nothing may be lost or differ.

Stacks live for many runs each. In every run jobs are asked for and one to three faults come: each
kind in its turn, the others by chance. Then all jobs must have ended as they do undisturbed (but
for those that somebody cancelled), everything that readers see must be whole, no process may have
been left behind, and no lease, lock or message. On SeaweedFS, on MinIO's server code, on a store
whose disk fills up, and with Ray Serve, whose head is killed.

Rows are kept as they come (build/bench/faults.partial.jsonl): what was interrupted goes on.
"""

import random
from collections import Counter
from typing import NamedTuple

from tests.benchmarks.evidence import Evidence
from tests.benchmarks.journal import Journal
from tests.faults import clock, disk
from tests.faults.catalogue import DISK, LITE, RAY
from tests.faults.errands import Outcome, errands
from tests.faults.lives import Life, Plan, Run, folder_of, plan, undisturbed
from tests.faults.world import world

JOBS = 2
"""A run."""
MEGABYTES = 192
"""Of a disk that is filled."""


class Place(NamedTuple):
    """A stack and its runs. A life ends after so many of them; the next one is a fresh stack."""

    name: str
    profile: str
    store: str
    faults: tuple[str, ...]
    runs: int
    a_life: int
    megabytes: int = 0


PLACES = (
    Place("seaweedfs", "lite", "seaweedfs", tuple(LITE), 85, 17),
    Place("minio", "lite", "minio", tuple(LITE), 85, 17),
    Place("disk", "lite", "minio", tuple(DISK), 12, 12, MEGABYTES),
    Place("ray", "full", "seaweedfs", tuple(RAY), 20, 20),
)
SUMS = {
    "jobs_lost": "lost",
    "digest_mismatches": "differing",
    "half_artifacts": "halves",
    "orphans": "orphans",
    "leaked_leases": "leaked",
}
"""Figure -> the field of a run whose entries it counts."""


def run(evidence: Evidence) -> None:
    for missing in (clock.missing(), "" if disk.mountable() else "root, to mount a small disk"):
        if missing:
            raise SystemExit(f"needed first: {missing}")
    journal = Journal("faults", lambda row: (row["place"], row["number"]))
    wanted: dict[str, Outcome] = {}
    for place in PLACES:
        _visit(place, journal, wanted)
    rows = [journal[place.name, number] for place in PLACES for number in range(place.runs)]
    for row in rows:
        evidence.row(**row)
    evidence.settings = {"places": [place._asdict() for place in PLACES], "jobs_a_run": JOBS}
    _figures(evidence, rows)
    journal.close()


def _visit(place: Place, journal: Journal, wanted: dict[str, Outcome]) -> None:
    """All runs of a place that are not in the journal yet."""
    for first in range(0, place.runs, place.a_life):
        left = [
            number
            for number in range(first, min(first + place.a_life, place.runs))
            if (place.name, number) not in journal
        ]
        if not left:
            continue
        wanted.update({} if wanted else _wanted())
        with world(
            folder_of(f"faults-{place.name}"),
            place.profile,
            place.store,
            random.Random(f"{place.name} {left[0]}"),
            jumps=place.profile == "lite",
            megabytes=place.megabytes,
        ) as found:
            life = Life(found, place.store, place.profile, wanted)
            for number in left:
                done = life.live(_plan(place, number))
                journal.append({"place": place.name, **done.row()})
                _tell(place, done)


def _plan(place: Place, number: int) -> Plan:
    at = number % place.a_life
    asked = errands(JOBS * max(p.a_life for p in PLACES))[JOBS * at : JOBS * (at + 1)]
    return plan(number, place.name, place.faults, asked)


def _wanted() -> dict[str, Outcome]:
    every = errands(JOBS * max(place.a_life for place in PLACES))
    name = folder_of("faults-reference")
    with world(name, "lite", "seaweedfs", random.Random(0), jumps=False) as found:
        return undisturbed(found.system.endpoint, every)


def _tell(place: Place, run: Run) -> None:
    bad = {name: getattr(run, field) for name, field in SUMS.items() if getattr(run, field)}
    words = f"{', '.join(run.faults)}: {run.seconds:.0f} s, {run.refusals} calls again"
    print(f"    {place.name} {run.number}: {words} {bad or ''}", flush=True)


def _figures(evidence: Evidence, rows: list[dict]) -> None:
    runs, jobs = len(rows), sum(row["jobs"] for row in rows)
    evidence.figure("runs", runs, "runs", at_least=200, n=runs)
    for name, field in SUMS.items():
        evidence.figure(name, sum(len(row[field]) for row in rows), name, at_most=0, n=jobs)
    evidence.figure("faults", sum(len(row["faults"]) for row in rows), "faults", n=runs)
    evidence.figure("jobs", jobs, "jobs", n=runs)
    evidence.figure("jobs_cancelled", sum(row["cancelled"] for row in rows), "jobs", n=jobs)
    evidence.figure("calls_again", sum(row["refusals"] for row in rows), "calls", n=jobs)
    counts = {
        place.name: Counter(f for row in rows if row["place"] == place.name for f in row["faults"])
        for place in PLACES
    }
    kinds = [*LITE, *DISK, *RAY]
    table = [[kind, *(counts[place][kind] or None for place in counts)] for kind in kinds]
    evidence.table(["fault", *counts], table)
