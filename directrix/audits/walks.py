"""Walks: the pictures of a population, moved along every candidate, and what all predictors say.

Arrays are small: scores, grey levels, and the pictures themselves once. Strengths are in SD; units
and set interventions are whole at alpha = 1, so there the largest step means 1.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from directrix.archive import finding_set_digest
from directrix.audits.question import AuditQuestion
from directrix.generators import Generator
from directrix.metrics import random_like
from directrix.predictors import Predictor
from directrix.rendering import Renderer
from directrix.scorecard import held_out_seed
from directrix.types import (
    Finding,
    FindingRef,
    FindingSet,
    Intervention,
    Latent,
    LatentSource,
    Move,
    Named,
    Operation,
    Provenance,
    Recipe,
    SeedSource,
    Source,
    Units,
)

Stop = Callable[[], None]
CHUNK = 64
"""Pictures between two looks at whether to stop."""

FLOOR_PICTURES = 32
"""Pictures that random findings are tried on: fewer of them can only raise the floor."""

Steps = tuple[tuple[int, float], ...]
"""Candidates and how far they are moved, in SD."""


@dataclass(frozen=True, eq=False)
class Walks:
    """Candidates are numbered through, set after set."""

    question: AuditQuestion
    generator: Generator
    predictors: tuple[Predictor, ...]

    @cached_property
    def joined(self) -> FindingSet:
        """All candidates as one set."""
        sets = self.question.finding_sets
        findings = tuple(finding for each in sets for finding in each.findings)
        hints = tuple(h for each in sets for h in (each.hints or ("",) * len(each)))
        return FindingSet(findings, sets[0].provenance, hints)

    @cached_property
    def random(self) -> FindingSet:
        """Random findings like the candidates."""
        question = self.question
        seed = held_out_seed(question.seed)
        findings = random_like(
            self.joined.findings, self.generator.card, seed, question.random_findings
        )
        made = Provenance(method="random", version="1", generator=self.generator.card.digest)
        return FindingSet(findings, made)

    @cached_property
    def named(self) -> tuple[Named, ...]:
        """How candidates are called, in their order."""
        return tuple(
            Named(
                finding_set=finding_set_digest(each),
                index=index,
                hint=each.hints[index] if each.hints else "",
            )
            for each in self.question.finding_sets
            for index in range(len(each))
        )

    @cached_property
    def digests(self) -> tuple[str, str]:
        """Of the candidates and of the random findings."""
        return finding_set_digest(self.joined), finding_set_digest(self.random)

    @cached_property
    def renderer(self) -> Renderer:
        sets = dict(zip(self.digests, (self.joined, self.random), strict=True))
        return Renderer(self.generator, self.predictors, sets.__getitem__)

    def source(self, picture: int) -> Source:
        latents = self.question.latents
        if latents is None:
            return SeedSource(held_out_seed(self.question.seed), picture)
        row = latents.values[picture : picture + 1]
        return LatentSource(Latent(latents.space, latents.generator, row))

    def recipe(self, picture: int, steps: Steps = (), random: bool = False) -> Recipe:
        """A picture with candidates (or random findings) moved."""
        findings = (self.random if random else self.joined).findings
        digest, reach = self.digests[random], self.question.steps[-1]
        moves = tuple(
            Move(FindingRef(digest, index), alpha * unit(findings[index], reach))
            for index, alpha in steps
        )
        return Recipe(self.generator.card.digest, self.source(picture), moves=moves)

    def look(self, recipes: Sequence[Recipe], stop: Stop) -> tuple[np.ndarray, np.ndarray]:
        """Pictures uint8 [N, H, W, C] and scores [N, K] of all predictors."""
        images, scores = [], []
        for start in range(0, len(recipes), CHUNK):
            stop()
            plans = [self.renderer.plan(recipe) for recipe in recipes[start : start + CHUNK]]
            rendered = self.renderer.render(plans)
            images.append(rendered.images)
            scores.append(rendered.scores)
        return np.concatenate(images), np.concatenate(scores)

    def still(self, stop: Stop) -> dict[str, np.ndarray]:
        """images [n, H, W, C] and scores [n, K] of the pictures as they are."""
        images, scores = self.look([self.recipe(i) for i in range(self.question.count)], stop)
        return {"images": images, "scores": scores}

    def moved(self, index: int, still: np.ndarray, stop: Stop) -> dict[str, np.ndarray]:
        """scores [2, steps, n, K] of one candidate, + before -, and grey [2], at the first step."""
        n, steps = self.question.count, self.question.steps
        recipes = [
            self.recipe(picture, ((index, sign * step),))
            for sign in (1, -1)
            for step in steps
            for picture in range(n)
        ]
        images, scores = self.look(recipes, stop)
        near = images.reshape(2, len(steps), n, *images.shape[1:])[:, 0]
        grey = np.abs(near.astype(np.float32) - still).mean((1, 2, 3, 4))
        return {"scores": scores.reshape(2, len(steps), n, -1), "grey": grey}

    def chance(self, rows: Sequence[int], stop: Stop) -> dict[str, np.ndarray]:
        """scores [R, 2, 1, m, K] of random findings, at the first step both ways."""
        n, step = min(self.question.count, FLOOR_PICTURES), self.question.steps[0]
        recipes = [
            self.recipe(picture, ((index, sign * step),), random=True)
            for index in rows
            for sign in (1, -1)
            for picture in range(n)
        ]
        _, scores = self.look(recipes, stop)
        return {"scores": scores.reshape(len(rows), 2, 1, n, -1)}

    def columns(self, predictor: int) -> slice:
        """Of a predictor's scores among those of all."""
        widths = [len(p.scorers) for p in self.predictors]
        first = sum(widths[:predictor])
        return slice(first, first + widths[predictor])


def unit(finding: Finding, reach: float) -> float:
    """What one step of 1 is as a move's alpha."""
    whole = isinstance(finding, Units) or (
        isinstance(finding, Intervention) and finding.operation is Operation.SET
    )
    return 1 / reach if whole else 1.0
