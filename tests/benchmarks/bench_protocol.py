"""The job protocol, explored: every interleaving of workers, reconciler, gateway and faults.

Spin walks through every reachable state of tests/protocol/jobs.pml and looks for an illegal move of
a record, a finding set that readers see before it is stored, a success without one, and an end in
which a job is unfinished, a lease held or a message left over. Each mutant takes one protection
away and has to be caught.
"""

from tests.benchmarks.evidence import FOLDER, Evidence
from tests.protocol.spin import MUTANTS, Size, explore, missing

SIZES = (
    Size(workers=3, created=1, faults=1),
    Size(workers=2, created=1, faults=3),
    Size(workers=3, created=2, faults=0, units=1),
    Size(workers=3, created=2, faults=1, units=1),
)


def run(evidence: Evidence) -> None:
    if missing():
        raise SystemExit(f"install first: {missing()}")
    folder = FOLDER / "protocol"
    verdicts = []
    for size in SIZES:
        verdict = explore(folder, size)
        verdicts.append(verdict)
        evidence.row(**vars(size), **vars(verdict))
        print(size, verdict, flush=True)
    states = sum(verdict.states for verdict in verdicts)
    violations = sum(bool(verdict.violation) for verdict in verdicts)
    evidence.figure("states_explored", states, "states", at_least=1e6, n=len(SIZES))
    evidence.figure("violations", violations, "violations", at_most=0, n=len(SIZES))
    complete = sum(verdict.complete for verdict in verdicts)
    evidence.figure("complete", complete, "explorations", at_least=len(SIZES), n=len(SIZES))
    caught = 0
    for name, mutation in MUTANTS.items():
        verdict = explore(folder, Size(workers=2, created=1, faults=1), mutation)
        evidence.row(mutant=name, **vars(verdict))
        caught += bool(verdict.violation)
    evidence.figure("mutants_caught", caught, "mutants", at_least=len(MUTANTS), n=len(MUTANTS))
