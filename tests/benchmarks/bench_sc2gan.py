"""SC2GAN: how much of the entanglement of training data is left in corrected directions.

The planted toy, with its known leak. The avatars of a dialled training set: directions of the four
dialled factors, learnt with `avatar-regressor` on 4 096 samples, moved on 120 others and read by
`avatar-regressor-twin`, which no method has seen. Leakage is the mean change of the 13 other
factors, in SD, where the target has changed by 1 SD and by 2 SD; the ratio is that of the sums over
the four targets on latents where both methods arrive, and the worse one of the two changes counts.
Faces (`make models-faces`): the gender score with yaw and smile, read by networks in Node.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import torch

from directrix import methods
from directrix.discovery import Problem
from directrix.errors import ConditionsCollinear
from directrix.metrics.dependency import LEAST_REACHED
from directrix.scorecard import held_out_seed
from directrix.types import Finding, Population, PopulationSpec, Space
from directrix.zoo.avatars import rulers
from directrix.zoo.avatars.factors import DIALLED, NAMES, sample
from tests.benchmarks import bundled, sc2gan_faces, sc2gan_sheets
from tests.benchmarks.evidence import Evidence
from tests.benchmarks.matched_walks import Held, Ratio, leak_ratio, leakage, matched_changes
from tests.unit.correction.correlated import correlated_world, leak

SAMPLES, SEED, MOVED, BASE = 4096, 0, 120, 1000
CHANGES = (1.0, 2.0)
TARGETS = tuple(name for pair in DIALLED for name in pair)
PARTNER = {a: b for pair in DIALLED for a, b in (pair, pair[::-1])}
FLIP = 0.5
"""SD beyond the middle at which a factor counts as flipped."""


@dataclass(frozen=True)
class World:
    """One setting of the dial: what methods are given, and what they are held against."""

    short: str

    @cached_property
    def problem(self) -> Problem:
        generator = bundled.load_generator(f"avatar-generator-{self.short}")
        reader = bundled.load_predictor("avatar-regressor")
        scores = rulers.read(reader, rulers.generated(generator, SEED, SAMPLES))
        spec = PopulationSpec(generator.card.digest, SEED)
        population = Population(spec, 0, SAMPLES, {reader.card.digest: scores})
        return Problem(generator, (reader.card,), population, networks=(reader,), seed=SEED)

    @cached_property
    def held(self) -> Held:
        problem = self.problem
        codes = problem.sample(held_out_seed(SEED), 0, BASE, Space.W)
        judge = bundled.load_predictor("avatar-regressor-twin")
        return Held(problem.generator, judge, codes, Space.W, MOVED)

    @cached_property
    def base(self) -> np.ndarray:
        return self.held.read(self.held.codes, Space.W)

    def find(self, name: str, targets: Sequence[str], **params: object) -> dict[str, Finding]:
        settings = methods.parse(name, {"scorers": list(targets), **params})
        found = methods.get(name)(settings).fit(self.problem)
        return dict(zip(targets, found.findings, strict=True))

    def conditional(self) -> dict[str, Finding]:
        """InterFaceGAN with the partner projected out; without those that it refuses."""
        found: dict[str, Finding] = {}
        for target in TARGETS:
            try:
                found |= self.find("interfacegan", [target], conditions=[PARTNER[target]])
            except ConditionsCollinear:
                continue
        return found


@dataclass(frozen=True, eq=False)
class Walks:
    """The findings of one method, walked: target -> rise [S, n, F]."""

    world: World
    rises: dict[str, np.ndarray]

    def leaks(self, target: str, change: float) -> np.ndarray:
        """[n], not-a-number where the target does not change as much."""
        column = NAMES.index(target)
        reached, moved = matched_changes(self.rises[target], self.world.base, column, change)
        return np.where(reached, leakage(moved, column), np.nan)

    def rare_success(self) -> float:
        """Share of the latents of dense cells that come to the rare one, partner kept.

        At the first strength at which the target has flipped by FLIP SD; targets side by side.
        """
        return float(np.mean([np.mean(self._successes(target)) for target in self.rises]))

    def _successes(self, target: str) -> np.ndarray:
        base = self.world.base
        start, spread = base[:MOVED], base.std(0)
        own, other = NAMES.index(target), NAMES.index(PARTNER[target])
        dense = (start[:, own] > 0) == (start[:, other] > 0)
        sides = np.where(start[:, own] < base[:, own].mean(), 1.0, -1.0)
        walk = self.rises[target] * sides[None, :, None] + start
        flipped = walk[..., own] * sides >= FLIP * spread[own]
        first = flipped.argmax(0)
        there = walk[first, np.arange(MOVED), other]
        kept = flipped.any(0) & ((there > 0) == (start[:, other] > 0))
        return kept[dense]


def run(evidence: Evidence) -> None:
    torch.set_num_threads(1)
    evidence.settings = {
        "samples": SAMPLES,
        "seed": SEED,
        "moved": MOVED,
        "targets": TARGETS,
        "changes_sd": CHANGES,
        "parameters": methods.parse("sc2gan", {}).model_dump(mode="json"),
    }
    toy(evidence)
    evidence.write()
    corrected = {}
    for short in ("r80", "r95"):
        corrected[short] = avatars(evidence, short)
        evidence.write()
    unbiased(evidence, corrected["r80"])
    evidence.write()
    sc2gan_faces.run(evidence)


def toy(evidence: Evidence) -> None:
    """Correlation .85, extremes of 2 %, a tenth of low-density samples: the worse target."""
    problem = correlated_world().problem(count=SAMPLES)
    plain = {"learner": "logistic", "fraction": 0.02}
    before = _toy_leak("interfacegan", problem, plain)
    evidence.figure("toy_leak_before", before, "share", n=SAMPLES)
    settings = plain | {"share": 0.1}
    evidence.figure(
        "toy_leak", _toy_leak("sc2gan", problem, settings), "share", at_most=0.25, n=SAMPLES
    )
    refit = _toy_leak("sc2gan", problem, settings | {"correction": "refit"})
    evidence.figure("toy_leak_refit", refit, "share", n=SAMPLES)


def _toy_leak(name: str, problem: Problem, params: dict[str, object]) -> float:
    found = methods.get(name)(methods.parse(name, params)).fit(problem).findings
    return max(leak(finding.vector, place) for place, finding in enumerate(found))


def avatars(evidence: Evidence, short: str) -> Walks:
    world = World(short)
    _entanglement(evidence, world)
    found = {
        "interfacegan": world.find("interfacegan", TARGETS),
        "conditional": world.conditional(),
        "sc2gan": world.find("sc2gan", TARGETS),
    }
    walks = {name: _walk(evidence, world, name, each) for name, each in found.items()}
    plain, corrected = walks["interfacegan"], walks["sc2gan"]
    _compare(evidence, f"leak_ratio_{short}", corrected, plain, 0.5)
    _compare(evidence, f"conditional_leak_ratio_{short}", corrected, walks["conditional"], 1.0)
    for name, walk in walks.items():
        if walk.rises:
            evidence.figure(f"rare_success_{short}_{name}", walk.rare_success(), "share", n=MOVED)
    if short == "r80":
        rises = {name: walk.rises for name, walk in walks.items()}
        sc2gan_sheets.draw(world.held, world.base, found, rises, PARTNER)
    return corrected


def _compare(evidence: Evidence, name: str, first: Walks, second: Walks, at_most: float) -> None:
    """The worst ratio and the end of its interval as figures; each change by itself beside them."""
    worst = worst_ratio(first, second, tuple(second.rises))
    if worst is None:
        print(f"    {name} is left out: too few latents arrive on both walks")
        return
    evidence.figure(name, worst.value, "ratio", at_most=at_most, n=MOVED)
    evidence.figure(f"{name}_high", worst.high, "ratio", at_most=at_most, n=MOVED)
    for change, ratio in ratios(first, second, tuple(second.rises)).items():
        evidence.figure(f"{name}_at_{change:g}_sd", ratio.value, "ratio", n=MOVED)


def _entanglement(evidence: Evidence, world: World) -> None:
    """phi of the dialled pairs: of the data, and of what the generator makes."""
    made = rulers.dialled(world.base)
    data = rulers.dialled(sample(SEED, 0, BASE, int(world.short[1:]) / 100))
    for pair, value in made.items():
        evidence.row(what="phi", dial=world.short, pair=pair, data=data[pair], generated=value)


def _walk(evidence: Evidence, world: World, name: str, found: dict[str, Finding]) -> Walks:
    base = world.base
    rises = {
        target: world.held.rise(finding, base, NAMES.index(target))
        for target, finding in found.items()
    }
    walks = Walks(world, rises)
    for target in rises:
        for change in CHANGES:
            column = NAMES.index(target)
            reached, moved = matched_changes(rises[target], base, column, change)
            sizes = np.abs(moved[reached]).mean(0) if reached.any() else np.full(len(NAMES), np.nan)
            evidence.row(
                what="avatars",
                dial=world.short,
                method=name,
                target=target,
                change_sd=change,
                reached=float(reached.mean()),
                leakage_sd=float(np.delete(sizes, column).mean()),
                partner_sd=float(sizes[NAMES.index(PARTNER[target])]),
                factors_sd=dict(zip(NAMES, sizes.tolist(), strict=True)),
            )
    return walks


def ratios(first: Walks, second: Walks, targets: Sequence[str]) -> dict[float, Ratio]:
    """Change -> ratio, over the targets that half of the latents or more reach on both walks."""
    found = {}
    for change in CHANGES:
        pairs = [(first.leaks(target, change), second.leaks(target, change)) for target in targets]
        kept = [(a, b) for a, b in pairs if np.isfinite(a + b).mean() >= LEAST_REACHED]
        if kept:
            found[change] = leak_ratio([a for a, _ in kept], [b for _, b in kept], SEED)
    return found


def worst_ratio(first: Walks, second: Walks, targets: Sequence[str]) -> Ratio | None:
    """Of the changes: the highest ratio, and the highest end."""
    each = ratios(first, second, targets).values()
    if not each:
        return None
    highest = max(each, key=lambda ratio: ratio.value)
    return replace(highest, high=max(ratio.high for ratio in each))


def unbiased(evidence: Evidence, corrected: Walks) -> None:
    """The corrected leakage beside InterFaceGAN's in the generator whose data were not biased."""
    world = World("r00")
    walks = _walk(evidence, world, "interfacegan", world.find("interfacegan", TARGETS))
    for name, each in (("r80_sc2gan", corrected), ("r00_interfacegan", walks)):
        leaks = [np.nanmean(each.leaks(target, 1.0)) for target in TARGETS]
        evidence.figure(f"leakage_{name}", float(np.mean(leaks)), "SD", n=MOVED)
