"""Flips of a new classifier, foretold from the audit of another one that was taught alike."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np

from directrix.audits import AuditPlan, AuditQuestion, audit, predict_flips
from directrix.types import FindingSet
from tests.benchmarks import cheats
from tests.benchmarks.cheat_worlds import CheatWorld

PICTURES, SAMPLES, HELD_OUT, RANDOM = 1024, 128, 192, 20
OTHER: Mapping[str, object] = {"blocks": [[10], [16], [32]], "hidden": 48}
CASES = ((1, 1, 0.8),)
"""Task, cause, and strength."""


def tries(world: CheatWorld, seed: int) -> Iterator[dict[str, object]]:
    """One row a case: the audited classifier and the new one share the cause, not seed, pictures or
    network; the pictures whose flips are foretold are samples of another seed."""
    candidates = world.candidates(seed)
    causes = len(world.causes)
    known = FindingSet(candidates.findings[:causes], candidates.provenance, world.causes)
    for task, place, strength in CASES:
        cause = world.causes[place]
        made = []
        for number, config in enumerate((cheats.SMALL, OTHER)):
            lesson = world.lesson(task, cause, strength, PICTURES, seed + 10 * task + number)
            made.append(cheats.train(lesson.images, lesson.labels, lesson.classes,
                                     seed + 10 * task + number, config))  # fmt: skip
        question = AuditQuestion((known,), seed=seed, samples=SAMPLES, steps=(1.0, 2.0), pairs=0,
                                 random_findings=RANDOM, explained=0)  # fmt: skip
        found = audit(question, world.generator, made[:1])
        model = next(m for m in found.flip_models if m.stride.finding.hint == cause)
        held = replace(question, seed=seed + 1, samples=HELD_OUT)
        walks = AuditPlan(held, world.generator, (made[1],)).walks
        step = ((model.stride.finding.index, model.stride.alpha),)
        images, before = walks.look([walks.recipe(i) for i in range(HELD_OUT)], lambda: None)
        _, after = walks.look([walks.recipe(i, step) for i in range(HELD_OUT)], lambda: None)
        flipped = before.argmax(1) != after.argmax(1)
        row = {
            "world": world.name,
            "foretold": cause,
            "strength": strength,
            "alpha": model.stride.alpha,
            "flips": float(flipped.mean()),
            "auc": area(predict_flips(model, images), flipped),
        }
        print(row, flush=True)
        yield row


def area(scores: np.ndarray, truth: np.ndarray) -> float:
    """Area under the ROC curve: how often a true one has the higher score, ties counting half."""
    above = scores[truth][:, None] - scores[~truth][None]
    return float(((above > 0) + 0.5 * (above == 0)).mean())
