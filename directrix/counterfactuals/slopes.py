"""Slopes: how fast an answer comes nearer along each allowed way to move, by one backward pass.

A move mostly shifts the latent that is rendered by alpha times a fixed step. Where all of them do,
what the classifier says can be differentiated through generator and classifier. Pixels are not
rounded here and batches are as they come: slopes guide a search, and never decide.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from directrix.counterfactuals.judge import Judge
from directrix.counterfactuals.trials import Axis, Trials
from directrix.errors import NeedsUnmet
from directrix.generators import Generator
from directrix.predictors import Predictor
from directrix.rendering import Renderer
from directrix.types import Noise, Recipe, Space

LINEAR = 1e-3
"""Two steps may differ from twice one step by this share of its length."""


@dataclass(frozen=True, eq=False)
class Slopes:
    """base: the latent [*latent] in the space `home` that is rendered. steps: [K, *latent]."""

    generator: Generator
    classifier: Predictor
    judging: Judge
    recipe: Recipe
    home: Space
    base: Tensor
    steps: Tensor

    @classmethod
    def of(
        cls, renderer: Renderer, trials: Trials, judging: Judge, axes: tuple[Axis, ...]
    ) -> "Slopes":
        """Raises NeedsUnmet where moves are no steps of a latent, or nothing has a gradient."""
        home, base, steps = _steps(renderer, trials, axes)
        classifier = renderer.predictors[trials.question.classifier]
        device = renderer.generator.device
        found = cls(
            renderer.generator,
            classifier,
            judging,
            trials.question.recipe,
            home,
            torch.from_numpy(base.astype(np.float32)).to(device),
            torch.from_numpy(steps.astype(np.float32)).to(device),
        )
        with torch.enable_grad():
            rows = torch.zeros((1, len(axes)), device=device, requires_grad=True)
            if not found._margins(rows).requires_grad:
                raise NeedsUnmet(
                    f"classifier {classifier.card.name} has no gradient: take the explainer sparse"
                )
        return found

    def __call__(self, alphas: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Margins [n] and their gradients [n, K] at alphas [n, K]."""
        rows = torch.from_numpy(alphas.astype(np.float32)).to(self.base.device)
        with torch.enable_grad():
            rows.requires_grad_()
            margins = self._margins(rows)
            (gradient,) = torch.autograd.grad(margins.sum(), rows)
        return margins.detach().double().cpu().numpy(), gradient.double().cpu().numpy()

    def _margins(self, rows: Tensor) -> Tensor:
        latents = self.base + torch.tensordot(rows, self.steps, 1)
        seeded = self.recipe.noise is Noise.SEEDED
        seeds = [self.recipe.noise_seed] * len(rows) if seeded else ()
        images = self.generator.synthesise(latents, self.home, self.recipe.noise, seeds)
        scores = self.classifier.scores(images.clamp(-1, 1))
        target, source = self.judging.target, self.judging.source
        if target is None:
            return _without(scores, source).amax(1) - scores[:, source]
        return scores[:, target] - _without(scores, target).amax(1)


def _steps(
    renderer: Renderer, trials: Trials, axes: tuple[Axis, ...]
) -> tuple[Space, np.ndarray, np.ndarray]:
    """Space, base [*latent] and steps [K, *latent] of alpha = 1, in float64."""
    still = tuple((axis, 0.0) for axis in axes)
    moved = [
        [(*still[:i], (axis, alpha), *still[i + 1 :]) for i, axis in enumerate(axes)]
        for alpha in (1.0, 2.0)
    ]
    plans = [renderer.plan(trials.recipe(point)) for point in (still, *moved[0], *moved[1])]
    if any(plan.regions or plan.channels or plan.units for plan in plans):
        raise NeedsUnmet(
            "slopes are known of moves that shift a latent, not of regions and units: take the "
            "explainer sparse"
        )
    rows = np.stack([renderer.latent(plan).values[0] for plan in plans]).astype(np.float64)
    one, two = rows[1:].reshape(2, len(axes), *rows.shape[1:]) - rows[0]
    bends = np.abs(two - 2 * one).reshape(len(axes), -1).max(1)
    if (bends > LINEAR * np.abs(one).reshape(len(axes), -1).max(1) + 1e-6).any():
        raise NeedsUnmet(
            "slopes are known of moves along straight lines of the space that is rendered: take "
            "findings of that space, or the explainer sparse"
        )
    return plans[0].end, rows[0], one


def _without(scores: Tensor, column: int) -> Tensor:
    others = torch.ones(scores.shape[1], dtype=torch.bool, device=scores.device)
    others[column] = False
    return scores[:, others]
