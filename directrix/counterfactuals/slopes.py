"""Slopes: how fast an answer comes nearer along each allowed way to move, by one backward pass.

A move mostly shifts the latent that is rendered by alpha times a fixed step. Where all of them do,
what the classifier says can be differentiated through generator and classifier.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from directrix.counterfactuals.ground import Axis
from directrix.counterfactuals.judge import Judge
from directrix.counterfactuals.margins import Margins
from directrix.counterfactuals.trials import Trials
from directrix.errors import NeedsUnmet
from directrix.rendering import Renderer
from directrix.types import Space

LINEAR = 1e-3
"""Two steps may differ from twice one step by this share of its length."""


@dataclass(frozen=True, eq=False)
class Slopes:
    """base: the latent [*latent] in the space that is rendered. steps: [K, *latent]."""

    margins: Margins
    base: Tensor
    steps: Tensor

    @classmethod
    def of(
        cls, renderer: Renderer, trials: Trials, judging: Judge, axes: tuple[Axis, ...]
    ) -> "Slopes":
        """Raises NeedsUnmet where moves are no steps of a latent, or nothing has a gradient."""
        home, base, steps = _steps(renderer, trials, axes)
        margins = Margins.of(renderer, trials.question, judging, home)
        device = renderer.generator.device
        return cls(
            margins,
            torch.from_numpy(base.astype(np.float32)).to(device),
            torch.from_numpy(steps.astype(np.float32)).to(device),
        )

    def __call__(self, alphas: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Margins [n] and their gradients [n, K] at alphas [n, K]."""
        rows = torch.from_numpy(alphas.astype(np.float32)).to(self.base.device)
        with torch.enable_grad():
            rows.requires_grad_()
            margins = self.margins.margin(self.base + torch.tensordot(rows, self.steps, 1))
            (gradient,) = torch.autograd.grad(margins.sum(), rows)
        return margins.detach().double().cpu().numpy(), gradient.double().cpu().numpy()


def _steps(
    renderer: Renderer, trials: Trials, axes: tuple[Axis, ...]
) -> tuple[Space, np.ndarray, np.ndarray]:
    """Space, base [*latent] and steps [K, *latent] of alpha = 1, in float64."""
    still = tuple((axis, 0.0) for axis in axes)
    moved = [
        [(*still[:i], (axis, alpha), *still[i + 1 :]) for i, axis in enumerate(axes)]
        for alpha in (1.0, 2.0)
    ]
    plans = [renderer.plan(trials.ground.recipe(point)) for point in (still, *moved[0], *moved[1])]
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
