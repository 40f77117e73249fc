"""What directions are asked for: large changes of features, unlike one another, orthogonal.

Source: Li et al. (ACM MM 2021), eq. 8 to 10, in the stochastic form of the released code: two
directions a latent, one stride for both.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

LEAST = 1e-12


@dataclass(frozen=True)
class Weights:
    """Of the three parts of the loss."""

    variation: float
    decorrelation: float
    orthogonality: float


@dataclass(frozen=True, eq=False)
class Changes:
    """D_j = G1(z_dp(g_j)) - G1(z0) of a batch, one tensor [n, C, h, w] a layer."""

    layers: Sequence[Tensor]

    def variation(self) -> Tensor:
        """Mean square change [n], every layer counting alike."""
        return torch.stack([d.square().mean((1, 2, 3)) for d in self.layers]).mean(0)

    def squared_cosine(self, other: "Changes", per_channel: bool = False) -> Tensor:
        """Squared cosine with another batch [n]; the mean over layers, or layers and channels."""
        start = 2 if per_channel else 1
        squares = [
            _cosine(a.flatten(start), b.flatten(start)).square()
            for a, b in zip(self.layers, other.layers, strict=True)
        ]
        return torch.stack([c.reshape(len(c), -1).mean(1) for c in squares]).mean(0)


def changes(
    before: Sequence[Tensor], after: Sequence[Tensor], spreads: Sequence[Tensor]
) -> Changes:
    """Features of every layer before and after -> changes in the channels' spreads."""
    return Changes([(b - a) / spread for a, b, spread in zip(before, after, spreads, strict=True)])


def loss(
    first: Changes,
    second: Changes,
    different: Tensor,
    directions: Tensor,
    weights: Weights,
    per_channel: bool,
) -> Tensor:
    """-variation + decorrelation + orthogonality, each with its weight.

    different: bool [n], false where both directions of a latent are the same one. With none that
    differ (always where there is one direction only) decorrelation is 0, not 0 / 0.
    """
    variation = (first.variation() + second.variation()).mean()
    alike = first.squared_cosine(second, per_channel) * different
    decorrelation = alike.sum() / different.sum().clamp_min(1)
    gram = directions @ directions.T
    orthogonality = (gram - torch.eye(len(gram), device=gram.device)).square().mean()
    return (
        -weights.variation * variation
        + weights.decorrelation * decorrelation
        + weights.orthogonality * orthogonality
    )


def _cosine(a: Tensor, b: Tensor) -> Tensor:
    """Along the last axis; 0 where one of them does not change."""
    lengths = (a.square().sum(-1) * b.square().sum(-1)).clamp_min(LEAST).sqrt()
    return (a * b).sum(-1) / lengths
