"""SC2GAN on natural faces: the gender score, with yaw and smile, seen by the second evaluator.

The generator has Z only, so there are no layers. What the score is and what it is not is told in
docs/worlds/faces.md.
"""

from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from directrix import methods
from directrix.scorecard import held_out_seed
from directrix.types import Space
from tests.benchmarks.evidence import Evidence
from tests.benchmarks.matched_walks import Held, leak_ratio, leakage, matched_changes
from tests.benchmarks.second_evaluator import SecondEvaluator
from tests.integration.faces.files import KEPT, missing
from tests.integration.faces.world import FaceWorld

SAMPLES, SEED, MOVED, BASE = 1_000, 0, 40, 100
ALPHAS = (0.0, 0.75, 1.5, 2.5, 4.0)
TARGET = "male"
READ = (TARGET, "yaw", "smile")


@dataclass(frozen=True, eq=False)
class NodeJudge:
    """The second evaluator behind the predictors' face: READ side by side."""

    evaluator: SecondEvaluator

    def scores(self, images: Tensor) -> Tensor:
        told = self.evaluator.scores(images.numpy())
        return torch.from_numpy(np.stack([told[name] for name in READ], 1))


def run(evidence: Evidence) -> None:
    gone = missing()
    if gone:
        print(f"    faces are left out: {gone}")
        return
    world = FaceWorld()
    problem = world.problem(world.population(SEED, SAMPLES), SEED)
    problem = replace(problem, networks=(world.landmarks, world.attributes))
    settings = {"scorers": [TARGET], "fraction": 0.2}
    findings = {
        name: methods.get(name)(methods.parse(name, settings)).fit(problem)
        for name in ("interfacegan", "sc2gan")
    }
    codes = problem.sample(held_out_seed(SEED), 0, BASE, Space.Z)
    with SecondEvaluator(KEPT) as evaluator:
        judge = NodeJudge(evaluator)
        held = Held(problem.generator, judge, codes, Space.Z, MOVED, ALPHAS)
        base = held.read(codes, Space.Z)
        leaks = {}
        for name, found in findings.items():
            rise = held.rise(found.findings[0], base, 0)
            reached, moved = matched_changes(rise, base, 0, 1.0)
            leaks[name] = np.where(reached, leakage(moved, 0), np.nan)
            evidence.row(
                what="faces",
                method=name,
                hint=found.hints[0],
                reached=float(reached.mean()),
                leakage_sd=float(np.nanmean(leaks[name])),
                yaw_sd=float(np.abs(moved[reached, 1]).mean()),
                smile_sd=float(np.abs(moved[reached, 2]).mean()),
            )
    ratio = leak_ratio([leaks["sc2gan"]], [leaks["interfacegan"]], SEED)
    evidence.figure("faces_leak_ratio", ratio.value, "ratio", n=MOVED)
    evidence.figure("faces_leak_ratio_low", ratio.low, "ratio", n=MOVED)
    evidence.figure("faces_leak_ratio_high", ratio.high, "ratio", n=MOVED)
