"""Whether names are given by chance as rarely as promised, and whether intervals hold the truth.

False discoveries: worlds with nothing to find (`null_worlds`), a new one for each trial, judged by
a whole scorecard. A trial's share is that of false findings among the named ones, 0 where none is
named; the rate is its mean. Coverage: intervals of repeated populations against what a much larger
population (of the scorecard) or the whole pool that they are drawn from (of factors) says.
"""

from collections.abc import Callable

import numpy as np
import torch

from tests.benchmarks import null_worlds, truth_pool
from tests.benchmarks.evidence import Evidence

TRIALS = {
    "random_weights": 200, "shuffled_labels": 200, "shuffled_labels_w": 120, "duplicated": 120
}  # fmt: skip
POPULATIONS = {
    "scorecard_effect": 1000,
    "factor_effect": 2000,
    "factor_side_effect": 2000,
    "paired_change": 2000,
    "dependency_mean": 400,
    "dependency_max": 400,
    "dependency_gap": 400,
}
"""Repeated populations for each kind of interval: as many as minutes allow, for a share of 0.95 is
known within 0.5 % from 2000 of them, and within 1.1 % from 400."""


def run(evidence: Evidence) -> None:
    torch.set_num_threads(1)
    evidence.settings = {"trials": TRIALS, "populations": POPULATIONS}
    discoveries(evidence)
    coverage(evidence)


def discoveries(evidence: Evidence) -> None:
    shares: dict[str, list[float]] = {}
    for kind, trials in TRIALS.items():
        shares[kind] = [_trial(evidence, kind, seed) for seed in range(trials)]
    together = [share for kind in shares.values() for share in kind]
    evidence.figure(
        "false_discovery_rate", float(np.mean(together)), "share", at_most=0.05, n=len(together)
    )
    for kind, each in shares.items():
        evidence.figure(f"false_{kind}", float(np.mean(each)), "share", n=len(each))
    known = [row for row in evidence.rows if row.get("kind") == "duplicated"]
    found = float(np.mean([row["real_named"] for row in known]))
    evidence.figure("real_findings_named", found, "share", n=len(known))


def _trial(evidence: Evidence, kind: str, seed: int) -> float:
    world, findings, real = null_worlds.KINDS[kind](seed)
    card = world.judge(findings)
    named = np.array([score.target != "none" for score in card.findings])
    share = float((named & ~np.array(real)).sum() / max(1, named.sum()))
    evidence.row(
        kind=kind,
        seed=seed,
        findings=len(real),
        false_named=int((named & ~np.array(real)).sum()),
        real_named=int((named & np.array(real)).sum()),
        false_share=share,
        floor_sd=card.random_floor_sd,
        strongest_sd=max(score.effect_sd for score in card.findings),
    )
    return share


def coverage(evidence: Evidence) -> None:
    kinds: dict[str, tuple[float, Callable[[int], tuple[float, float]]]] = {
        **truth_pool.scorecards(),
        **truth_pool.factors(),
    }
    rates = []
    for kind, (truth, interval) in kinds.items():
        ends = np.array([interval(seed) for seed in range(POPULATIONS[kind])])
        held = (ends[:, 0] <= truth) & (truth <= ends[:, 1])
        for seed, (low, high) in enumerate(ends):
            evidence.row(
                interval=kind, seed=seed, low=low, high=high, truth=truth, held=bool(held[seed])
            )
        rates.append(float(held.mean()))
        evidence.figure(f"coverage_{kind}", rates[-1], "share", n=len(ends))
    n = sum(POPULATIONS.values())
    evidence.figure("interval_coverage_min", min(rates), "share", at_least=0.93, n=n)
    evidence.figure("interval_coverage_max", max(rates), "share", at_most=0.97, n=n)
