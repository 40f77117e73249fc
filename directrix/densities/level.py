"""Back to the density's level by scaling: eq. 2 for any prior whose density falls outwards."""

from dataclasses import dataclass

import torch
from torch import Tensor

from directrix.densities.cdf import LearnedCdf

HALVINGS = 40
REACH = 16.0
"""The scale is looked for between 1 / REACH and REACH."""


@dataclass(frozen=True, eq=False)
class LevelSet:
    """z_dp = c + s (z0 + eps gamma - c), s so that log p(z_dp) = log p(z0), c the prior's centre.

    For a normal prior this is eq. 2 of Li et al. 2021. What the learned density says is kept
    exactly, without a second network; differentiable through s as an implicit function.
    """

    cdf: LearnedCdf

    def __call__(self, start: Tensor, displacement: Tensor) -> Tensor:
        """starts [n, d], displacements [n, d] -> [n, d]."""
        away = start + displacement - self.cdf.centre
        level = self.cdf.log_density(start)
        scale = self._scale(away.detach(), level.detach())
        fall = self._fall(away.detach(), scale)
        here = self.cdf.log_density(self.cdf.centre + scale[:, None] * away)
        # the value stays (here = level), its gradient becomes that of the implicit function
        scale = scale + (level - here - (level - here).detach()) / fall
        return self.cdf.centre + scale[:, None] * away

    @torch.no_grad()
    def _scale(self, away: Tensor, level: Tensor) -> Tensor:
        """[n], by halving in log s: too far out the density is below the level."""
        low = torch.full_like(level, 1 / REACH).log()
        high = -low
        for _ in range(HALVINGS):
            middle = (low + high) / 2
            here = self.cdf.log_density(self.cdf.centre + middle.exp()[:, None] * away)
            low, high = (
                torch.where(here > level, middle, low),
                torch.where(here > level, high, middle),
            )
        return ((low + high) / 2).exp()

    def _fall(self, away: Tensor, scale: Tensor) -> Tensor:
        """d log p / d s [n], which is negative."""
        with torch.enable_grad():
            s = scale.detach().requires_grad_()
            here = self.cdf.log_density(self.cdf.centre + s[:, None] * away)
            (fall,) = torch.autograd.grad(here.sum(), s)
        return fall.clamp_max(-1e-3)
