"""One question and what came of it, seen afresh in the pixels that the answer's recipe renders."""

from dataclasses import asdict, dataclass, replace
from time import thread_time

import numpy as np
import torch

from directrix.counterfactuals import Question, explain, verify
from directrix.inversion import Search
from directrix.predictors import embedder
from directrix.rendering.pixels import from_pixels
from directrix.types import Counterfactual, LatentSource, Recipe, SeedSource, Status
from tests.benchmarks.explain_questions import SEED, Asked
from tests.benchmarks.explain_worlds import Subject, subject

WANTED = 0.95
"""Probability of the target."""
UNSURE = "shirt"
"""The class that nobody is sure of: told apart."""


@dataclass(frozen=True)
class Seen:
    """What came of one question.

    valid: at WANTED; valid_at_half: the target is likelier than not. oracle: it is valid, and
    another network says so; oracle_at_half: of valid_at_half. violations: moved findings without
    which it is still valid. views: the share of slightly changed pictures that are taken for the
    target. seconds: of one thread.
    """

    kind: str
    source: str
    target: str
    index: int
    status: str
    valid: bool
    valid_at_half: bool
    oracle: bool
    oracle_at_half: bool
    moved: int
    length_sd: float
    violations: int
    views: float | None
    seconds: float
    images: int
    label_kept: bool | None
    error: float | None

    @property
    def sure(self) -> bool:
        return UNSURE not in (self.source, self.target)


def answer(kind: str, asked: Asked) -> dict[str, object]:
    """Fields of `Seen`; in a process of its own."""
    torch.set_num_threads(1)
    world = subject(kind)
    recipe, kept, error = _recipe(world, asked)
    question = Question(recipe, world.findings, target=asked.target, target_probability=WANTED)
    began = thread_time()
    found = explain(question, world.renderer)
    seconds = thread_time() - began
    after = _probability(world, replace(recipe, moves=found.moves), asked.target)
    valid = found.status is not Status.NOT_FOUND and after >= WANTED
    seconded = world.seconds(found.image, asked.target)
    return asdict(
        Seen(
            kind=kind,
            source=asked.source,
            target=asked.target,
            index=asked.index,
            status=str(found.status),
            valid=valid,
            valid_at_half=after > 0.5,
            oracle=valid and seconded,
            oracle_at_half=after > 0.5 and seconded,
            moved=len(found.moved),
            length_sd=sum(abs(moved.alpha) for moved in found.moved),
            violations=_not_needed(world, found, recipe, asked.target) if valid else 0,
            views=verify(found, question, world.renderer).views_agree,
            seconds=seconds,
            images=found.generator_calls,
            label_kept=kept,
            error=error,
        )
    )


def _recipe(world: Subject, asked: Asked) -> tuple[Recipe, bool | None, float | None]:
    """With whether the label was kept by the inversion, and its error."""
    digest = world.renderer.generator.card.digest
    if world.picture is None or world.look is None:
        return Recipe(digest, SeedSource(SEED, asked.index)), None, None
    picture = world.picture(asked.index)
    found = world.renderer.invert(picture, Search(), embedder=embedder(world.look))
    before, after = world.renderer.judge(np.stack([picture, found.reconstruction])).argmax(1)
    return Recipe(digest, LatentSource(found.latent)), bool(before == after), found.error


@torch.inference_mode()
def _probability(world: Subject, recipe: Recipe, target: str) -> float:
    """Of the target, in the pixels that the recipe renders: seen afresh, not by the search."""
    renderer = world.renderer
    image = renderer.render([renderer.plan(recipe)]).images[0]
    pixels = from_pixels(torch.from_numpy(image[None].copy()))
    chances = renderer.predictors[0].scores(pixels).softmax(1)[0]
    return float(chances[world.classes.index(target)])


def _not_needed(world: Subject, found: Counterfactual, recipe: Recipe, target: str) -> int:
    """Moved findings without which it would still be an answer."""
    left = [found.moves[:place] + found.moves[place + 1 :] for place in range(len(found.moves))]
    if len(left) < 2:
        left = [()] if left else []
    return sum(_probability(world, replace(recipe, moves=m), target) >= WANTED for m in left)
