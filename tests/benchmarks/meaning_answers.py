"""Answers to the same questions by several ways: ours, its rivals, and the attack in pixels."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from time import thread_time

import numpy as np
import torch

from directrix.counterfactuals import (
    EXPLAINERS,
    Descent,
    Explainer,
    Question,
    explain,
    explain_variously,
)
from directrix.types import Counterfactual, Latent, Recipe, SeedSource, Space
from tests.benchmarks.explain_questions import SEED, Asked, Clothes
from tests.benchmarks.pixel_attack import PixelAttack

WANTED = 0.95
"""Probability of the target, asked of every way."""
SAMPLES = 1024
"""Of the prior, whose spread in S is the unit of distances there."""
FURTHER = 2
"""Answers by other findings that are asked for, where diversity is measured."""


@dataclass(frozen=True, eq=False)
class Answer:
    """What one way made of one question.

    original, image: uint8 [H, W, C]. moved: findings, channels or coordinates; None where pixels
    moved. distance: Euclidean, in S, each channel in its SD; None likewise. seconds: of one core.
    """

    asked: Asked
    original: np.ndarray
    image: np.ndarray
    moved: int | None
    distance: float | None
    seconds: float
    generator_calls: int
    classifier_calls: int


@dataclass(frozen=True, eq=False)
class Answering:
    """Asks one way after the other about samples of SEED."""

    world: Clothes

    def by(self, explainer: Explainer, questions: Sequence[Asked]) -> list[Answer]:
        return [self._answer(explainer, asked) for asked in questions]

    def attacked(self, attack: PixelAttack, questions: Sequence[Asked]) -> list[Answer]:
        """All at once; seconds are shared out."""
        renderer, classes = self.world.renderer, self.world.classes
        plans = [renderer.plan(self._recipe(asked)) for asked in questions]
        originals = renderer.render(plans).images
        targets = np.array([classes.index(asked.target) for asked in questions])
        began = thread_time()
        found = attack(renderer.predictors[0], originals, targets, WANTED)
        seconds = (thread_time() - began) / len(questions)
        made = zip(questions, originals, found.images, found.calls, strict=True)
        return [Answer(q, x, y, None, None, seconds, 0, int(calls)) for q, x, y, calls in made]

    def pictures(self, seed: int, count: int) -> np.ndarray:
        """Samples of the generator, uint8 [count, H, W, C]."""
        renderer = self.world.renderer
        digest = renderer.generator.card.digest
        recipes = [Recipe(digest, SeedSource(seed, i)) for i in range(count)]
        return renderer.render([renderer.plan(recipe) for recipe in recipes]).images

    def variously(self, questions: Sequence[Asked]) -> Iterator[list[np.ndarray]]:
        """Our answer to each, and up to FURTHER others by findings that no other one moves."""
        for asked in questions:
            answers = explain_variously(self._question(asked), self.world.renderer, FURTHER)
            yield [answer.image for answer in answers]

    def _answer(self, explainer: Explainer, asked: Asked) -> Answer:
        began = thread_time()
        answer = explain(self._question(asked), self.world.renderer, explainer=explainer)
        seconds = thread_time() - began
        return Answer(
            asked,
            answer.original,
            answer.image,
            len(answer.moved),
            self._distance(asked, answer),
            seconds,
            answer.generator_calls,
            answer.classifier_calls,
        )

    def _question(self, asked: Asked) -> Question:
        return Question(
            self._recipe(asked),
            self.world.findings,
            target=asked.target,
            target_probability=WANTED,
        )

    def _recipe(self, asked: Asked) -> Recipe:
        return Recipe(self.world.renderer.generator.card.digest, SeedSource(SEED, asked.index))

    def _distance(self, asked: Asked, answer: Counterfactual) -> float:
        renderer = self.world.renderer
        start = renderer.latent(renderer.plan(self._recipe(asked)))
        change = self._styles(answer.latent) - self._styles(start)
        return float(np.linalg.norm(change / self._spread))

    @cached_property
    def _spread(self) -> np.ndarray:
        """SD [channels] in S."""
        return self._styles(self.world.renderer.sample(0, 0, SAMPLES, Space.Z)).std(0)

    @torch.inference_mode()
    def _styles(self, latent: Latent) -> np.ndarray:
        """[N, channels] of S."""
        rows = torch.from_numpy(latent.values.copy())
        generator = self.world.renderer.generator
        same = latent.space is Space.S
        return (rows if same else generator.convert(rows, latent.space, Space.S)).numpy()


WAYS: Mapping[str, Explainer] = {
    "ours": EXPLAINERS["sparse"],
    "latent_descent": EXPLAINERS["latent_descent"],
    "ice": Descent(iterations=50, rate=0.002),
    "attfind": EXPLAINERS["attfind"],
}
"""By what figures call them. ICE's steps and rate flipped most of ten questions about samples of
seed 9001, of which nothing here asks: tried were 20 steps at .0005, .001, .002, .005 and .02 SD a
logit, and 50, the most that its authors take, at .001 and .002."""
