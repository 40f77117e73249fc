"""Explain: counterfactuals of a clothes classifier, every attempt in the denominator.

500 questions about generated and 500 about real pictures (`explain_questions`): twenty ordered
pairs of classes, the target at p >= .95 by few of twenty directions. Real pictures are inverted
first, into W+. An answer is valid where a fresh look at the recipe's own pixels says so; it is
minimal where leaving out any one of its findings undoes it. The oracle is another network. Seconds
are those of one thread's own time, two explanations at once on two cores.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import cache
from multiprocessing import get_context
from time import monotonic, thread_time

import numpy as np
import torch

from directrix.counterfactuals import Question, explain
from directrix.inversion import Search
from directrix.predictors import embedder
from directrix.rendering.pixels import from_pixels
from directrix.types import Counterfactual, LatentSource, Recipe, SeedSource, Status
from tests.benchmarks import bundled
from tests.benchmarks.evidence import Evidence
from tests.benchmarks.explain_questions import (
    SEED,
    Asked,
    Clothes,
    about_generated,
    about_real,
    clothes,
    real_picture,
)

WANTED = 0.95
"""Probability of the target."""
CORES = 2
UNSURE = "shirt"
"""The class that nobody is sure of: told apart."""


@dataclass(frozen=True)
class Seen:
    """What came of one question."""

    kind: str
    source: str
    target: str
    index: int
    status: str
    valid: bool
    valid_at_half: bool
    oracle: bool
    moved: int
    length_sd: float
    violations: int
    seconds: float
    images: int
    label_kept: bool | None
    error: float | None

    @property
    def sure(self) -> bool:
        return UNSURE not in (self.source, self.target)


def run(evidence: Evidence) -> None:
    world = clothes()
    asked = {"generated": about_generated(world), "real": about_real(world)}
    evidence.settings = {"target_probability": WANTED, "questions": len(asked["real"])}
    began = monotonic()
    with ProcessPoolExecutor(CORES, get_context("spawn")) as pool:
        for kind, questions in asked.items():
            parts = [questions[start::CORES] for start in range(CORES)]
            seen = [s for part in pool.map(answers, [kind] * CORES, parts) for s in part]
            for each in seen:
                evidence.row(**vars(each))
            _figures(evidence, kind, seen)
    total = sum(len(questions) for questions in asked.values())
    evidence.figure("seconds_an_image_wall", (monotonic() - began) / total, "s", n=total)


def _figures(evidence: Evidence, kind: str, seen: Sequence[Seen]) -> None:
    found = [each for each in seen if each.valid]
    sure = [each for each in seen if each.sure]
    unsure = [each for each in seen if not each.sure]
    n = len(seen)
    name = f"fashion_{kind}"
    evidence.figure(f"{name}_validity", _share(s.valid for s in seen), "share", at_least=0.98, n=n)
    evidence.figure(f"{name}_validity_at_half", _share(s.valid_at_half for s in seen), "share", n=n)
    agree = _share(s.oracle for s in sure)
    label = "fashion_oracle_agreement" if kind == "generated" else f"{name}_oracle_agreement"
    evidence.figure(label, agree, "share", at_least=0.85, n=len(sure))
    shirts = _share(s.oracle for s in unsure)
    evidence.figure(f"{label}_shirt", shirts, "share", n=len(unsure))
    moved = float(np.median([s.moved for s in found]))
    prefix = "" if kind == "generated" else f"{name}_"
    evidence.figure(f"{prefix}findings_moved_median", moved, "findings", at_most=3, n=len(found))
    undone = sum(s.violations for s in found)
    evidence.figure(f"{prefix}minimality_violations", undone, "findings", at_most=0, n=len(found))
    seconds = float(np.median([s.seconds for s in seen]))
    evidence.figure(f"{prefix}seconds_median", seconds, "s of one core", n=n)
    if kind == "real":
        kept = _share(bool(s.label_kept) for s in seen)
        evidence.figure(f"{name}_label_kept", kept, "share", n=n)
    pairs: dict[str, list[bool]] = defaultdict(list)
    for each in seen:
        pairs[f"{each.source} -> {each.target}"].append(each.valid)
    worst = min(pairs, key=lambda pair: _share(pairs[pair]))
    evidence.row(what="worst pair", kind=kind, pair=worst, validity=_share(pairs[worst]))


def answers(kind: str, questions: Sequence[Asked]) -> list[Seen]:
    torch.set_num_threads(1)
    return list(_answers(kind, questions))


def _answers(kind: str, questions: Sequence[Asked]) -> Iterator[Seen]:
    world, oracle = _world(), bundled.load_predictor(bundled.ORACLE)
    for asked in questions:
        recipe, kept, error = _recipe(world, kind, asked)
        question = Question(recipe, world.findings, target=asked.target, target_probability=WANTED)
        began = thread_time()
        answer = explain(question, world.renderer, oracle)
        seconds = thread_time() - began
        after = _probability(world, replace(recipe, moves=answer.moves), asked.target)
        valid = answer.status is not Status.NOT_FOUND and after >= WANTED
        yield Seen(
            kind,
            asked.source,
            asked.target,
            asked.index,
            answer.status,
            valid,
            after > 0.5,
            valid and bool(answer.oracle_agrees),
            len(answer.moved),
            sum(abs(moved.alpha) for moved in answer.moved),
            _not_needed(world, answer, recipe, asked.target) if valid else 0,
            seconds,
            answer.generator_calls,
            kept,
            error,
        )


@cache
def _world() -> Clothes:
    return clothes()


def _recipe(world: Clothes, kind: str, asked: Asked) -> tuple[Recipe, bool | None, float | None]:
    """With whether the label was kept by the inversion, and its error."""
    digest = world.renderer.generator.card.digest
    if kind == "generated":
        return Recipe(digest, SeedSource(SEED, asked.index)), None, None
    picture = real_picture(asked.index)
    look = embedder(bundled.load_predictor(bundled.ORACLE))
    found = world.renderer.invert(picture, Search(), embedder=look)
    before, after = world.renderer.judge(np.stack([picture, found.reconstruction])).argmax(1)
    return Recipe(digest, LatentSource(found.latent)), bool(before == after), found.error


@torch.inference_mode()
def _probability(world: Clothes, recipe: Recipe, target: str) -> float:
    """Of the target, in the pixels that the recipe renders: seen afresh, not by the search."""
    renderer = world.renderer
    image = renderer.render([renderer.plan(recipe)]).images[0]
    pixels = from_pixels(torch.from_numpy(image[None].copy()))
    chances = renderer.predictors[0].scores(pixels).softmax(1)[0]
    return float(chances[world.classes.index(target)])


def _not_needed(world: Clothes, answer: Counterfactual, recipe: Recipe, target: str) -> int:
    """Moved findings without which it would still be an answer."""
    left = [answer.moves[:place] + answer.moves[place + 1 :] for place in range(len(answer.moves))]
    if len(left) < 2:
        left = [()] if left else []
    return sum(_probability(world, replace(recipe, moves=m), target) >= WANTED for m in left)


def _share(values: Sequence[bool] | Iterator[bool]) -> float:
    return float(np.mean([bool(value) for value in values]))
