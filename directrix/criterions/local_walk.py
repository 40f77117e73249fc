"""A walk whose direction is estimated anew at every step, at the very latent that it has reached.

A subspace that is averaged over some latents is right to first order and on average. A walk that
asks again at each of its points holds what is suppressed further and for every latent, for the
price of Jacobians at each step. Source: the idea of "REDs" (arXiv 2201.10423), from its abstract.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from directrix import eigenspaces
from directrix.criterions.chart import Chart
from directrix.criterions.probe import Probe
from directrix.eigenspaces import Constraint


@dataclass(frozen=True, eq=False)
class LocalWalk:
    """The probe's first criterion is wanted, the others are held with these ratios (soft form)."""

    chart: Chart
    probe: Probe
    ratios: Sequence[float]

    def direction(self, point: Tensor, before: np.ndarray) -> np.ndarray:
        """One SD along the best direction at a latent [*latent at home], in coordinates [D].

        before: [D], the way to turn it: the direction of the last step.
        """
        wanted, *held = (self.chart.measure(gram) for gram in self.probe.grams(point))
        constraints = [Constraint(g, r) for g, r in zip(held, self.ratios, strict=True)]
        best = self.chart.unit(eigenspaces.soft(wanted, constraints).vectors[:, :1])
        along = best[:, 0] * self.chart.spread(best)[0]
        return along if along @ before >= 0 else -along

    def path(self, point: Tensor, towards: np.ndarray, step: float, steps: int) -> Tensor:
        """Points [1 + steps, *latent at home], each `step` SD from the one before.

        towards: [D], the way to start.
        """
        points, before = [point], towards
        for _ in range(steps):
            before = self.direction(points[-1], before)
            move = torch.from_numpy(step * before).to(point)
            points.append(points[-1] + torch.tensordot(move, self.chart.tangents, 1))
        return torch.stack(points)
