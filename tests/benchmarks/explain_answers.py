"""One question and what came of it, seen afresh in the pixels that the answer's recipe renders."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from time import perf_counter, thread_time

import numpy as np
import torch

from directrix.counterfactuals import Question, explain, verify
from directrix.inversion import Search, invert
from directrix.predictors import embedder
from directrix.rendering.pixels import from_pixels
from directrix.types import Counterfactual, Latent, LatentSource, Recipe, SeedSource, Status
from tests.benchmarks.explain_questions import SEED, Asked
from tests.benchmarks.explain_worlds import Subject, subject

WANTED, BUDGET = 0.95, 4000
"""Probability of the target; images that an answer may take."""
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


@dataclass(frozen=True)
class Begun:
    """label_kept: by the inversion of a real picture, whose error is the mean of squares."""

    question: Question
    label_kept: bool | None = None
    error: float | None = None


def answer(kind: str, asked: Asked, inverted: Sequence[object] = ()) -> dict[str, object]:
    """Fields of `Seen`; in a process of its own. inverted: the latent of a real picture."""
    torch.set_num_threads(1)
    world = subject(kind)
    begun = begin(world, asked, inverted)
    question, recipe = begun.question, begun.question.recipe
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
            label_kept=begun.label_kept,
            error=begun.error,
        )
    )


def invert_some(kind: str, indices: Sequence[int]) -> list[dict[str, object]]:
    """Kind, index and latent in W+ of real pictures, inverted together."""
    torch.set_num_threads(1)
    world = subject(kind)
    assert world.picture is not None and world.look is not None  # the kind is about real pictures
    shown = np.stack([world.picture(index) for index in indices])
    found = invert(
        world.renderer.generator,
        from_pixels(torch.from_numpy(shown)),
        Search(),
        embedder=embedder(world.look),
    )
    return [
        {"kind": kind, "index": index, "latent": latent.tolist()}
        for index, latent in zip(indices, found.latents, strict=True)
    ]


def time(kind: str, asked: Asked) -> float:
    """Seconds on a clock until there is an answer, by one thread."""
    torch.set_num_threads(1)
    world = subject(kind)
    question = begin(world, asked).question
    began = perf_counter()
    explain(question, world.renderer)
    return perf_counter() - began


def begin(world: Subject, asked: Asked, inverted: Sequence[object] = ()) -> Begun:
    """inverted: the latent of a real picture."""
    renderer = world.renderer
    digest = renderer.generator.card.digest
    if world.picture is None:
        return Begun(_question(world, asked, Recipe(digest, SeedSource(SEED, asked.index))))
    picture = world.picture(asked.index)
    latent = Latent(Search().space, digest, np.array([inverted], np.float32))
    recipe = Recipe(digest, LatentSource(latent))
    made = renderer.render([renderer.plan(recipe)]).images[0]
    before, after = renderer.judge(np.stack([picture, made])).argmax(1)
    wanted, seen = (from_pixels(torch.from_numpy(each[None])) for each in (picture, made))
    error = float((seen - wanted).double().square().mean())
    return Begun(_question(world, asked, recipe), bool(before == after), error)


def _question(world: Subject, asked: Asked, recipe: Recipe) -> Question:
    return Question(
        recipe, world.findings, target=asked.target, target_probability=WANTED, budget=BUDGET
    )


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
