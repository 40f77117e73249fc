"""One leaderboard: every method that is registered, in every space that it knows, on avatars drawn
without correlation, with phi = .8 and with .95 (glasses with age lines, hair with lip colour).

Methods get the regressor; its twin, which none of them sees, judges: its scorers are the factors
that the avatars were drawn from, so dependency is leakage of true factors. For every target a
cell has one figure: the dependency of the finding that moves it most cleanly where it has changed
by 1 SD. Methods that are told no target are also measured by whatever they move ("any"). Methods
without parameters below run with their defaults.
"""

import time
import traceback
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, get_args

import numpy as np
import torch

from directrix import methods
from directrix.discovery import Need, Problem
from directrix.errors import DirectrixError
from directrix.generators import Generator
from directrix.learners import learners
from directrix.predictors import Predictor
from directrix.rendering import Renderer
from directrix.scorecard import ScorecardPlan, follow, held_out_seed, look, make_scorecard
from directrix.types import (
    NONE,
    SHARD,
    FindingScore,
    FindingSet,
    Population,
    PopulationSpec,
    Scorecard,
    Space,
)
from tests.benchmarks import bundled, leaderboard_sheet
from tests.benchmarks.evidence import FOLDER, Evidence

SEED, POPULATION = 7, 2048
DIALS = {"r00": 0.0, "r80": 0.8, "r95": 0.95}
DRAWN = "r80"
"""The world that pictures are made of, in build/bench/leaderboard."""
TARGETS = ("glasses", "age_lines", "smile")
SETTINGS: dict[str, Any] = {"samples": 24, "random_findings": 20}
MOST = 6
"""Findings of a set that are judged, in the method's own order."""

Parameters = Mapping[str, object]
OTHERS = {target: [t for t in TARGETS if t != target] for target in TARGETS}
PARAMETERS: dict[str, Sequence[Parameters]] = {
    "dplase": [{"components": MOST, "steps": 50, "batch": 8}],
    "ice": [
        {"wanted": [f"score:{t}"], "suppressed": [f"score:~{t}"], "components": 1, "codes": 4}
        for t in TARGETS
    ],
    "interfacegan": [{"scorers": TARGETS}],
    "intervention": [{"scorers": TARGETS, "samples": 8, "deltas": [-2.0, 2.0]}],
    "sc2gan": [{"scorers": TARGETS, "rounds": 1, "steps": 10, "fraction": 0.05}],
    "sefa": [{"components": MOST}],
    "sensitivity": [{"scorers": TARGETS, "samples": 32, "epochs": 2}],
}
"""Settings of each method, small enough for a few minutes in all; several fits make one set."""

LEFT_OUT = {("intervention", "s"): "one intervention for each of 768 styles takes minutes"}


@dataclass(frozen=True, eq=False)
class World:
    """One generator with the regressor that methods see and the twin that judges."""

    dial: str
    generator: Generator
    regressor: Predictor
    twin: Predictor
    population: Population
    deviation: np.ndarray
    """Scores [1024, K] of held-out samples by the twin: the SDs of all cards."""

    @property
    def problem(self) -> Problem:
        renderer = Renderer(self.generator, [self.regressor], {}.__getitem__)
        return Problem(
            self.generator,
            predictors=(self.regressor.card,),
            population=self.population,
            score=renderer.score,
            networks=(self.regressor,),
            learners=learners(),
            seed=SEED,
        )


@dataclass(frozen=True, eq=False)
class Cell:
    """What one method came to in one space of one world; best: by target."""

    method: str
    space: str
    dial: str
    findings: FindingSet
    card: Scorecard
    best: Mapping[str, FindingScore]
    seconds: float


def run(evidence: Evidence) -> None:
    torch.set_num_threads(1)
    evidence.settings = {
        "seed": SEED,
        "population": POPULATION,
        "targets": TARGETS,
        "parameters": PARAMETERS,
        "left_out": {" in ".join(key): why for key, why in LEFT_OUT.items()},
        **SETTINGS,
    }
    cells = [cell for dial in DIALS for cell in _world(evidence, dial)]
    compared = {cell.method for cell in cells}
    evidence.figure("methods", len(compared), "methods", at_least=7, n=len(cells))
    evidence.figure("cells", len(cells), "cells", n=len(cells))
    failed = sum("failed" in row for row in evidence.rows)
    evidence.figure("cells_failed", failed, "cells", at_most=0, n=len(cells))
    evidence.figure(
        "independent", float(np.mean([c.card.independent for c in cells])), "share", at_least=1
    )
    for cell in cells:
        evidence.row(**_whole(cell))
        for target in TARGETS:
            evidence.row(**_row(cell, target))
    for method in sorted(compared):
        for dial in DIALS:
            _summary(evidence, [c for c in cells if (c.method, c.dial) == (method, dial)])
    print(table(cells), flush=True)
    _cost(evidence, max(cells, key=_reached))


def _reached(cell: Cell) -> float:
    """Changes that a finding reaches, on average: each takes pictures of its own."""
    found = [at.alpha is not None for score in cell.card.findings for at in score.matched]
    return len(found) and 2 * float(np.mean(found))


def _cost(evidence: Evidence, cell: Cell) -> None:
    """How much longer the cell's card takes for its look at pictures, at the sizes of jobs."""
    generator = bundled.load_generator(f"avatar-generator-{cell.dial}")
    twin = bundled.load_predictor("avatar-regressor-twin")
    few = replace(cell.findings, findings=cell.findings.findings[:2], hints=())
    plan = ScorecardPlan(few, generator.card, (twin.card,), SEED)
    start = time.process_time()
    matched = follow(plan, generator, [twin])
    middle = time.process_time()
    card = look(matched, generator, [twin])
    first, second = middle - start, time.process_time() - middle
    reached = sum(at.alpha is not None for score in card.findings for at in score.matched)
    evidence.figure("card_time_ratio", (first + second) / first, "ratio", n=reached)


def table(cells: Sequence[Cell]) -> str:
    """Mean dependency at 1 SD, by method and space, target and dial; best in front."""
    heads = [(dial, target) for dial in DIALS for target in TARGETS]
    lines = [
        "| method | space | " + " | ".join(f"{d} {t}" for d, t in heads) + " | any |",
        "|---" * (3 + len(heads)) + "|",
    ]
    found = {(c.method, c.space, c.dial): c for c in cells}
    places = sorted({(c.method, c.space) for c in cells})
    values = {
        place: [_dependency(found.get((*place, dial)), target) for dial, target in heads]
        for place in places
    }

    def rank(place: tuple[str, str]) -> float:
        return float(np.mean([1.0 if v is None else v for v in values[place]]))

    for place in sorted(places, key=rank):
        told = (_told(found.get((*place, dial)), target) for dial, target in heads)
        each = [v for dial in DIALS for v in _any(found.get((*place, dial)))]
        whole = f"{np.median(each):.2f}" if each else "-"
        lines.append(f"| {' | '.join(place)} | " + " | ".join(told) + f" | {whole} |")
    return "\n".join(lines)


def _told(cell: Cell | None, target: str) -> str:
    """A dash where no finding moves the target more than anything else."""
    if cell is None or target not in cell.best:
        return "-"
    value = _dependency(cell, target)
    return "not reached" if value is None else f"{value:.2f}"


def _world(evidence: Evidence, dial: str) -> list[Cell]:
    generator = bundled.load_generator(f"avatar-generator-{dial}")
    regressor = bundled.load_predictor("avatar-regressor")
    spec = PopulationSpec(generator.card.digest, SEED)
    renderer = Renderer(generator, [regressor], {}.__getitem__)
    scores = renderer.score(renderer.sample(SEED, 0, POPULATION, Space.W))
    population = Population(spec, 0, POPULATION, {regressor.card.digest: scores})
    twin = bundled.load_predictor("avatar-regressor-twin")
    judging = Renderer(generator, [twin], {}.__getitem__)
    deviation = judging.score(judging.sample(held_out_seed(SEED), 0, SHARD, Space.W))
    world = World(dial, generator, regressor, twin, population, deviation)
    places = [(name, space) for name in methods.names() for space in _spaces(name, generator)]
    cells = [
        cell
        for name, space in places
        if (name, space) not in LEFT_OUT
        for cell in _cell(evidence, world, name, space)
    ]
    if dial == DRAWN:
        _draw(world, cells)
    return cells


def _draw(world: World, cells: Sequence[Cell]) -> None:
    """build/bench/leaderboard/TARGET.png: every method's cleanest finding for each target."""
    folder = FOLDER / "leaderboard"
    folder.mkdir(parents=True, exist_ok=True)
    for target in TARGETS:
        lines = []
        for method in sorted({cell.method for cell in cells}):
            known = [c for c in cells if c.method == method and _dependency(c, target) is not None]
            if known:
                cell = min(known, key=lambda c: _dependency(c, target) or np.inf)
                label = f"{method} in {cell.space}: {_dependency(cell, target):.2f}"
                lines.append(leaderboard_sheet.Line(label, cell.findings, cell.best[target]))
        if lines:
            lines.sort(key=lambda line: float(line.label.rpartition(" ")[2]))
            alphas = cells[0].card.alphas
            png = leaderboard_sheet.draw(world.generator, world.twin, lines, alphas, target)
            (folder / f"{target}.png").write_bytes(png)


def _spaces(name: str, generator: Generator) -> list[str]:
    """All that the method's parameter `space` offers and the generator has."""
    field = methods.get(name).Params.model_fields.get("space")
    offered = get_args(field.annotation) if field else ()
    return [space for space in offered if space in {str(s) for s in generator.spaces}] or ["auto"]


def _cell(evidence: Evidence, world: World, name: str, space: str) -> Iterator[Cell]:
    """One cell; none, and a row that says why, where the method cannot do it or fails."""
    start = time.perf_counter()
    try:
        findings = _fit(world, name, space)
    except DirectrixError as error:
        evidence.row(method=name, space=space, dial=world.dial, left_out=error.message)
        return
    except Exception as error:
        traceback.print_exc()
        evidence.row(method=name, space=space, dial=world.dial, failed=repr(error))
        return
    seconds = time.perf_counter() - start
    judges = (world.twin.card,)
    plan = ScorecardPlan(findings, world.generator.card, judges, SEED, **SETTINGS)
    card = make_scorecard(plan, world.generator, [world.twin], world.deviation)
    best = {target: _best(card, target) for target in TARGETS}
    known = {target: score for target, score in best.items() if score is not None}
    cell = Cell(name, space, world.dial, findings, card, known, seconds)
    told = ", ".join(f"{t} {_dependency(cell, t) or float('nan'):.2f}" for t in TARGETS)
    spent = time.perf_counter() - start
    print(f"    {world.dial} {name} {space}: {told} ({seconds:.1f} of {spent:.1f} s)", flush=True)
    yield cell


def _fit(world: World, name: str, space: str) -> FindingSet:
    """The findings of all settings, one below the other."""
    where = {} if space == "auto" else {"space": space}
    fits = []
    for parameters in PARAMETERS.get(name, [{}]):
        method = methods.get(name)
        params = methods.parse(name, {**parameters, **where})
        needs = method.needs
        problem = world.problem
        if Need.NETWORKS not in needs:
            problem = replace(problem, networks=())
        fits.append(method(params).fit(problem))
    found = [finding for fit in fits for finding in fit.findings][:MOST]
    hints = [hint for fit in fits for hint in (fit.hints or [""] * len(fit))][:MOST]
    return FindingSet(tuple(found), fits[0].provenance, tuple(hints))


def _best(card: Scorecard, target: str) -> FindingScore | None:
    """The finding that moves the target most of all, cleanest first; None where there is none."""
    labels = [ref.scorer for ref in card.scorers]
    meant = [score for score in card.findings if labels[score.column] == target]

    def rank(score: FindingScore) -> tuple[float, float]:
        at = score.at(1.0)
        known = at is not None and at.dependency_mean_sd is not None
        return (at.dependency_mean_sd if at and known else np.inf), -score.effect_sd

    return min(meant, key=rank) if meant else None


def _dependency(cell: Cell | None, target: str) -> float | None:
    score = cell.best.get(target) if cell else None
    at = score.at(1.0) if score else None
    return at.dependency_mean_sd if at else None


def _any(cell: Cell | None) -> list[float]:
    """The dependency at 1 SD of every finding that reaches it, whatever its target."""
    scores = cell.card.findings if cell else ()
    found = [score.at(1.0) for score in scores]
    return [at.dependency_mean_sd for at in found if at and at.dependency_mean_sd is not None]


def _whole(cell: Cell) -> dict[str, object]:
    each = _any(cell)
    return {
        "method": cell.method,
        "space": cell.space,
        "dial": cell.dial,
        "target": "any",
        "findings": len(cell.card.findings),
        "named": sum(score.target != NONE for score in cell.card.findings),
        "reach_1_sd": len(each),
        "dependency_mean_at_1_sd": float(np.median(each)) if each else None,
        "fit_seconds": cell.seconds,
        "random_floor_sd": cell.card.random_floor_sd,
    }


def _row(cell: Cell, target: str) -> dict[str, object]:
    row: dict[str, object] = {
        "method": cell.method,
        "space": cell.space,
        "dial": cell.dial,
        "target": target,
        "fit_seconds": cell.seconds,
        "random_floor_sd": cell.card.random_floor_sd,
    }
    score = cell.best.get(target)
    if score is None:
        return row | {"found": False}
    row |= {
        "found": True,
        "finding": score.index,
        "named": score.target == target,
        "effect_sd": score.effect_sd,
        "monotonicity": score.monotonicity,
        "linearity": score.linearity,
        "safe": score.safe,
    }
    for at in score.matched:
        key = f"at_{at.change_sd:g}_sd"
        fields = at.model_dump(exclude={"change_sd", "effects_sd"})
        row |= {f"{name}_{key}": value for name, value in fields.items()}
    return row


def _summary(evidence: Evidence, cells: Sequence[Cell]) -> None:
    """Of one method in one world: its best space for each target, and how many it finds."""
    if not cells:
        return
    method, dial = cells[0].method, cells[0].dial
    best = [[_dependency(cell, target) for cell in cells] for target in TARGETS]
    known = [min(v for v in values if v is not None) for values in best if any(values)]
    evidence.figure(f"{method}_targets_{dial}", len(known), "targets", n=len(TARGETS))
    if known:
        evidence.figure(f"{method}_leak_{dial}", float(np.mean(known)), "SD", n=len(known))
    each = [value for cell in cells for value in _any(cell)]
    if each:
        evidence.figure(f"{method}_any_{dial}", float(np.median(each)), "SD", n=len(each))
