"""Margins of latents, differentiable through generator and classifier.

Pixels are not rounded here and batches are as they come: what is told here guides a search, and
never decides.
"""

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from directrix.counterfactuals.judge import LENT, Judge
from directrix.counterfactuals.question import Question
from directrix.errors import NeedsUnmet
from directrix.generators import Generator
from directrix.predictors import Predictor
from directrix.rendering import Renderer
from directrix.types import Noise, Recipe, ScoreKind, Space


@dataclass(frozen=True, eq=False)
class Margins:
    """Of latents [n, *latent] in one space, with the noise of a recipe.

    predictors: all of the renderer's, which `judging` reads side by side.
    """

    generator: Generator
    predictors: tuple[Predictor, ...]
    judging: Judge
    recipe: Recipe
    space: Space

    @classmethod
    def of(cls, renderer: Renderer, question: Question, judging: Judge, space: Space) -> "Margins":
        """Raises NeedsUnmet where the classifier has no gradient, or units are moved."""
        classifier = renderer.predictors[question.classifier]
        if not classifier.card.differentiable:
            raise NeedsUnmet(
                f"classifier {classifier.card.name} has no gradient: take an explainer that asks "
                "for none (sparse, bisection, channels)"
            )
        if renderer.plan(question.recipe).units:
            raise NeedsUnmet(
                "slopes are known of latents, not of units: take an explainer that asks for none "
                "(sparse, bisection, channels)"
            )
        return cls(renderer.generator, renderer.predictors, judging, question.recipe, space)

    def slopes(self, latents: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Slacks [n] and their gradients [n, *latent] at latents [n, *latent]."""
        rows = torch.from_numpy(latents.astype(np.float32)).to(self.generator.device)
        with torch.enable_grad():
            rows.requires_grad_()
            slacks = self.slack(rows)
            (gradient,) = torch.autograd.grad(slacks.sum(), rows)
        return slacks.detach().double().cpu().numpy(), gradient.double().cpu().numpy()

    def margin(self, latents: Tensor) -> Tensor:
        """[n]: the target's score minus the best other."""
        own, target = self._own(self._scores(latents))
        return own.gather(1, target[:, None])[:, 0] - _without(own, target).amax(1)

    def slack(self, latents: Tensor) -> Tensor:
        """[n]: what `Judge.slack` says."""
        scores = self._scores(latents)
        own, target = self._own(scores)
        chosen, others = own.gather(1, target[:, None])[:, 0], _without(own, target)
        slack = chosen - others.amax(1)
        wanted = self.judging.probability
        if wanted > 0:
            chances = all(s.kind is ScoreKind.PROBABILITY for s in self.judging.card.scorers)
            if chances:
                odds = torch.logit(chosen.clamp(1e-30, 1 - 1e-7))
            else:
                odds = chosen - others.logsumexp(1)
            slack = torch.minimum(slack, odds - math.log(wanted / (1 - wanted)))
        for held in self.judging.hold:
            change = scores[:, held.column] - float(self.judging.base[held.column])
            slack = slack - LENT * (change.abs() / held.deviation - held.tolerance).clamp(min=0)
        return slack

    def _scores(self, latents: Tensor) -> Tensor:
        seeded = self.recipe.noise is Noise.SEEDED
        seeds = [self.recipe.noise_seed] * len(latents) if seeded else ()
        images = self.generator.synthesise(latents, self.space, self.recipe.noise, seeds)
        images = images.clamp(-1, 1)
        return torch.cat([predictor.scores(images) for predictor in self.predictors], 1)

    def _own(self, scores: Tensor) -> tuple[Tensor, Tensor]:
        """The classifier's scores [n, K], and the target [n] in each row."""
        first, judging = self.judging.first, self.judging
        own = scores[:, first : first + len(judging.card.scorers)]
        if judging.target is not None:
            return own, torch.full((len(own),), judging.target, device=own.device)
        source = torch.full((len(own),), judging.source, device=own.device)
        return own, _without(own.detach(), source).argmax(1)


def _without(scores: Tensor, columns: Tensor) -> Tensor:
    """scores [n, K], one column a row at minus infinity."""
    return scores.scatter(1, columns[:, None], -torch.inf)
