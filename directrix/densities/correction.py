"""The correction network: what to add to a step so that the density stays, learned.

Source: Li et al., "Discovering Density-Preserving Latent Space Walks in GANs for Semantic Image
Transformations" (ACM MM 2021), eq. 6 and 7; an hourglass of six layers fed with (z0, eps, gamma).
Widths and schedule are not published; these are ours. Eq. 7 alone would allow a correction that
undoes the step: the network begins at no correction and a small weight holds it near there. A
latent does not fit through the waist, so the last layer also says how to scale the moved latent.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from directrix.densities.cdf import LearnedCdf
from directrix.densities.steps import TINY

STEPS = 1_000
BATCH = 128
RATE = 2e-3
NEAR = 0.02
"""Weight of |C|^2, in nats^2 a squared SD."""


class Hourglass(nn.Module):
    """(z0 [n, d], eps [n, 1], gamma [n, d]) -> C [n, d], which is 0 at first.

    In SD, eps as a share of `reach`. C = a + b o (z0 + eps gamma); the layers are d, d/2, d/4,
    d/2, d and 2 d wide.
    """

    def __init__(self, dimension: int, reach: float, chance: torch.Generator):
        super().__init__()
        d, self.reach = dimension, reach
        half, quarter = max(8, d // 2), max(4, d // 4)
        widths = [2 * d + 1, d, half, quarter, half, d, 2 * d]
        self.layers = nn.ModuleList()
        for inputs, outputs in zip(widths, widths[1:], strict=False):
            layer = nn.Linear(inputs, outputs)
            nn.init.normal_(layer.weight, 0.0, (2 / inputs) ** 0.5, generator=chance)
            nn.init.zeros_(layer.bias)
            self.layers.append(layer)
        nn.init.zeros_(self.layers[-1].weight)

    def forward(self, start: Tensor, stride: Tensor, direction: Tensor) -> Tensor:
        x = torch.cat([start, stride, direction], 1)
        for layer in self.layers[:-1]:
            x = F.leaky_relu(layer(x), 0.2)
        added, scaled = self.layers[-1](x).chunk(2, 1)
        return added + scaled * (start + self.reach * stride * direction)


@dataclass(frozen=True, eq=False)
class Corrected:
    """z_dp = z0 + eps gamma + C(z0, eps, gamma). Source: Li et al. 2021, eq. 6."""

    network: Hourglass
    centre: Tensor
    spread: Tensor
    reach: float
    """The longest stride that it has learned, in SD."""

    def __call__(self, start: Tensor, displacement: Tensor) -> Tensor:
        """starts [n, d], displacements [n, d] -> [n, d]."""
        step = displacement / self.spread
        stride = step.square().sum(1, keepdim=True).clamp_min(TINY).sqrt()
        inputs = (start - self.centre) / self.spread, stride / self.reach, step / stride
        return start + displacement + self.spread * self.network(*inputs)


def fit_correction(
    cdf: LearnedCdf, samples: Tensor, reach: float, seed: int, steps: int = STEPS
) -> Corrected:
    """C for strides up to `reach` SD along any direction, by l_den (eq. 7). Repeats by seed.

    samples: [n, d] of the prior. A stride is never negative: the opposite direction stands for it.
    """
    chance = torch.Generator().manual_seed(seed)
    network = Hourglass(samples.shape[1], reach, chance).to(samples.device)
    corrected = Corrected(network, cdf.centre, cdf.spread, reach)
    optimiser = torch.optim.Adam(network.parameters(), RATE)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, max(1, steps))
    with torch.enable_grad():
        for _ in range(steps):
            chosen = torch.randint(len(samples), (BATCH,), generator=chance)
            start = samples[chosen.to(samples.device)]
            direction = F.normalize(torch.randn(start.shape, generator=chance).to(start))
            stride = reach * torch.rand((BATCH, 1), generator=chance).to(start)
            displacement = stride * direction * cdf.spread
            moved = corrected(start, displacement)
            lost = cdf.log_density(moved) - cdf.log_density(start)
            extra = (moved - start - displacement) / cdf.spread
            loss = F.huber_loss(lost, torch.zeros_like(lost), delta=10.0)
            loss = loss + NEAR * extra.square().sum(1).mean()
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            optimiser.step()
            schedule.step()
    network.requires_grad_(False)
    return corrected
