"""Audits of classifiers that cheat, and of clean ones: who is accused, and of what.

Four worlds: avatars in W and in S, clothes and faces behind the `Planted` wrapper. In each, five
classifiers were taught to answer by a nuisance in 60 to 100 % of their pictures, and five were not.
All are audited along the same candidates (at least 40, each cause with three decoys), on pictures
that no training saw. Who is trusted: on avatars, what the regressor's twin reads of the task's
factor; elsewhere, a clean classifier of another seed and a larger network. The planted finding
is first where the table of reliance begins with it; a clean classifier is accused where anything
is.

Constants of `directrix.audits` were chosen on classifiers of seeds 1 to 7 and 900, and the rule by
which suspects are ordered on those of seeds 10 000 to 30 104; other populations, all of them.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch

from directrix.audits import AuditPlan, AuditQuestion, Scores
from directrix.predictors import Predictor
from directrix.types import Audit, Space
from tests.benchmarks import bundled, cheat_corner, cheat_foretold, cheats
from tests.benchmarks.cheat_avatars import Avatars
from tests.benchmarks.cheat_planted import Clothes, Faces, PlantedWorld
from tests.benchmarks.cheat_worlds import CheatWorld
from tests.benchmarks.evidence import Evidence

STRENGTHS = (0.6, 0.7, 0.8, 0.9, 1.0)
PICTURES, SAMPLES, RANDOM = 1024, 32, 20
SEEDS = {"avatars-w": 110_000, "avatars-s": 120_000, "clothes": 130_000, "faces": 140_000}
CLEAN = 5


@dataclass(frozen=True, eq=False)
class Tried:
    """A classifier with what it was taught; cause is empty for a clean one."""

    classifier: Predictor
    task: int
    cause: str
    strength: float


def run(evidence: Evidence) -> None:
    torch.set_num_threads(1)
    evidence.settings = {"pictures": PICTURES, "samples": SAMPLES, "random": RANDOM}
    worlds: list[CheatWorld] = [Clothes(), Avatars(Space.W), Avatars(Space.S), Faces()]
    rows = [row for world in worlds for row in audited(world)]
    corners = list(cheat_corner.tries())
    foretold = [r for w in worlds[:2] for r in cheat_foretold.tries(w, SEEDS[w.name] + 900)]
    for row in (*rows, *corners, *foretold):
        evidence.row(**row)
    cheating = [row for row in rows if row["cause"]]
    clean = [row for row in rows if not row["cause"]]
    first = sum(row["first"] == row["cause"] for row in cheating)
    evidence.figure("planted_first", first, "classifiers", at_least=19, n=len(cheating))
    evidence.figure("planted_tried", len(cheating), "classifiers", at_least=20)
    named = sum(row["first"] == row["cause"] and row["accused"] > 0 for row in cheating)
    evidence.figure("planted_accused", named, "classifiers", n=len(cheating))
    others = sum(row["accused"] > 1 for row in cheating)
    evidence.figure("more_than_planted_accused", others, "classifiers", n=len(cheating))
    accused = sum(row["accused"] > 0 for row in clean)
    evidence.figure("clean_accused", accused, "classifiers", at_most=1, n=len(clean))
    evidence.figure("clean_tried", len(clean), "classifiers", at_least=20)
    fewest = min(row["candidates"] for row in rows)
    evidence.figure("candidates_min", fewest, "findings", at_least=40, n=len(rows))
    outside = [row["verdict"] == "outside_the_generators_span" for row in corners]
    planted = np.array([row["planted"] for row in corners])
    evidence.figure("outside_span_recognised", float(np.mean(np.array(outside)[planted])), "share",
                    at_least=1, n=int(planted.sum()))  # fmt: skip
    evidence.figure("outside_span_false", float(np.mean(np.array(outside)[~planted])), "share",
                    at_most=0, n=int((~planted).sum()))  # fmt: skip
    areas = [row["auc"] for row in foretold]
    evidence.figure("auc_new_classifier", float(np.mean(areas)), "AUC", at_least=0.85, n=len(areas))
    evidence.figure("auc_new_classifier_min", min(areas), "AUC", n=len(areas))


def audited(world: CheatWorld) -> Iterator[dict[str, object]]:
    """One row a classifier."""
    seed = SEEDS[world.name]
    tried = list(_tried(world, seed))
    trusted = _trusted(world, seed)
    findings = world.candidates(seed)
    question = AuditQuestion((findings,), seed=seed, samples=SAMPLES, steps=(1.0,), pairs=0,
                             random_findings=RANDOM, explained=0)  # fmt: skip
    predictors = (*(each.classifier for each in tried), trusted)
    shared = AuditPlan(question, world.generator, predictors)
    parts: list[dict[str, np.ndarray]] = []
    for unit in range(shared.units):
        parts.append(shared.compute(unit, parts))
    for place, each in enumerate(tried):
        asked = replace(question, classifier=place, **_allowed(world, each, len(tried)))
        found = AuditPlan(asked, world.generator, predictors).measure(parts)
        row = _row(world, each, found)
        print(row, flush=True)
        yield row


def _row(world: CheatWorld, each: Tried, found: Audit) -> dict[str, object]:
    planted = next((r for r in found.reliance if each.cause and r.finding.hint == each.cause), None)
    first = found.reliance[0]
    return {
        "world": world.name,
        "task": each.task,
        "cause": each.cause,
        "strength": each.strength,
        "first": first.finding.hint or f"finding {first.finding.index}",
        "accused": len(found.accused),
        "accused_names": [r.finding.hint or str(r.finding.index) for r in found.accused],
        "largest_beyond": max(r.beyond.value for r in found.reliance),
        "planted_beyond": None if planted is None else planted.beyond.value,
        "planted_flips": None if planted is None else planted.flips.value,
        "floor": found.floor,
        "candidates": len(found.reliance),
    }


def _tried(world: CheatWorld, seed: int) -> Iterator[Tried]:
    for place, strength in enumerate(STRENGTHS):
        cause = world.causes[place % len(world.causes)]
        yield _taught(world, place, cause, strength, seed + place)
    for place in range(CLEAN):
        yield _taught(world, place, "", 0.0, seed + 100 + place)


def _taught(world: CheatWorld, task: int, cause: str, strength: float, seed: int) -> Tried:
    lesson = world.lesson(task, cause or world.causes[0], strength, PICTURES, seed)
    made = cheats.train(lesson.images, lesson.labels, lesson.classes, seed, world.network)
    return Tried(made, task, cause, strength)


def _trusted(world: CheatWorld, seed: int) -> Predictor:
    if not isinstance(world, PlantedWorld):
        return bundled.load_predictor("avatar-regressor-twin")
    lesson = world.lesson(0, world.causes[0], 0.0, world.count, seed + 500)
    return cheats.train(lesson.images, lesson.labels, lesson.classes, seed + 500, world.trusted, 7)


def _allowed(world: CheatWorld, each: Tried, trusted: int) -> dict[str, object]:
    if isinstance(world, Avatars):
        return {"allowed_scores": (Scores(trusted, (world.task(each.task),)),)}
    return {"reference": trusted}
