"""The distribution function of a prior whose coordinates are independent and alike, learned.

Source: Li et al., "Discovering Density-Preserving Latent Space Walks in GANs for Semantic Image
Transformations" (ACM MM 2021), eq. 3 to 5. F is a small network of one number, its slope F' the
density. Sizes and schedule are not published; these are ours.

The slope is exact instead of a difference quotient (eq. 3), whose e would have to be small against
the density's detail and large against the rounding of F.
"""

from dataclasses import dataclass
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

WIDTH = 32
STEPS = 1_000
BATCH = 1_024
RATE = 3e-2
LEAST_SLOPE = 1e-4
"""v of eq. 4, in the unit of standardised coordinates."""

Form = Literal["monotone", "free"]


class CdfNetwork(nn.Module):
    """F(x) = sigmoid(a(x)), a network of two tanh layers with a linear way around; x standardised.

    monotone: weights are made positive, so that F rises everywhere and the density is one
    everywhere. free: as published, any weights, and eq. 4 punishes slopes below v at samples.
    The way around makes a linear far out: tails fall exponentially, as those of a logistic prior.
    """

    def __init__(self, form: Form, chance: torch.Generator):
        super().__init__()
        self.form = form
        shapes = {"w1": (WIDTH, 1), "w2": (WIDTH, WIDTH), "w3": (1, WIDTH), "around": (1, 1)}
        shift = -2.0 if form == "monotone" else 0.0
        for name, shape in shapes.items():
            drawn = torch.randn(shape, generator=chance) / shape[1] ** 0.5
            self.register_parameter(name, nn.Parameter(drawn + (shift if name == "w2" else 0.0)))
        self.b1 = nn.Parameter(2.0 * torch.randn(WIDTH, generator=chance))
        self.b2 = nn.Parameter(torch.randn(WIDTH, generator=chance))
        self.b3 = nn.Parameter(torch.zeros(1))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """x of any shape -> a(x) and a'(x) of the same shape."""
        w1, w2, w3, around = (self._weight(name) for name in ("w1", "w2", "w3", "around"))
        column = x.reshape(-1, 1)
        first = torch.tanh(column @ w1.T + self.b1)
        second = torch.tanh(first @ w2.T + self.b2)
        value = second @ w3.T + column @ around.T + self.b3
        inner = ((1 - first.square()) * w1[:, 0]) @ w2.T
        slope = ((1 - second.square()) * inner) @ w3.T + around
        return value.reshape(x.shape), slope.reshape(x.shape)

    def _weight(self, name: str) -> Tensor:
        weight = getattr(self, name)
        return F.softplus(weight) if self.form == "monotone" else weight


@dataclass(frozen=True, eq=False)
class LearnedCdf:
    """F over latents [n, d], coordinates standardised by centre [d] and spread [d]."""

    network: CdfNetwork
    centre: Tensor
    spread: Tensor

    def __call__(self, latents: Tensor) -> Tensor:
        """F of every coordinate, [n, d] in (0, 1)."""
        value, _ = self.network((latents - self.centre) / self.spread)
        return torch.sigmoid(value)

    def log_density(self, latents: Tensor) -> Tensor:
        """sum_i log F'(z_i) [n], in nats. Slopes of a below v / 100 count as that."""
        value, slope = self.network((latents - self.centre) / self.spread)
        return (_log_slope(value, slope) - self.spread.log()).sum(1)


def fit_cdf(samples: Tensor, seed: int, form: Form = "monotone", steps: int = STEPS) -> LearnedCdf:
    """F of the prior that samples [n, d] come from, by l_lik + l_mon (eq. 4 and 5).

    One F for all coordinates, each standardised by its own mean and SD. Repeats by seed.
    """
    chance = torch.Generator().manual_seed(seed)
    centre, spread = samples.mean(0), samples.std(0).clamp_min(1e-6)
    pooled = ((samples - centre) / spread).flatten()
    network = CdfNetwork(form, chance).to(samples.device)
    optimiser = torch.optim.Adam(network.parameters(), RATE)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, max(1, steps))
    with torch.enable_grad():
        for _ in range(steps):
            chosen = torch.randint(len(pooled), (min(BATCH, len(pooled)),), generator=chance)
            value, slope = network(pooled[chosen.to(pooled.device)])
            likelihood = -_log_slope(value, slope).mean()
            density = slope * torch.sigmoid(value) * torch.sigmoid(-value)
            monotone = F.relu(LEAST_SLOPE - density).mean() / LEAST_SLOPE
            optimiser.zero_grad(set_to_none=True)
            (likelihood + (monotone if form == "free" else 0.0)).backward()
            optimiser.step()
            schedule.step()
    return LearnedCdf(network.requires_grad_(False), centre, spread)


def _log_slope(value: Tensor, slope: Tensor) -> Tensor:
    """log F' = log a' + log sigmoid(a) + log sigmoid(-a), from a and a'."""
    return slope.clamp_min(LEAST_SLOPE / 100).log() + F.logsigmoid(value) + F.logsigmoid(-value)
