"""Steps in closed form, many at a time and differentiable; `directrix.walks` has them for edits.

For a standard normal prior log p(z) = -|z|^2 / 2 + constant: what keeps |z| keeps the density.
"""

from typing import Protocol

import torch
from torch import Tensor

TINY = 1e-12


class Step(Protocol):
    """Moves latents: starts [n, d] and displacements [n, d] -> [n, d], differentiable in both."""

    def __call__(self, start: Tensor, displacement: Tensor) -> Tensor: ...


def linear(start: Tensor, displacement: Tensor) -> Tensor:
    """z0 + eps gamma. Source: Li et al. 2021, eq. 1. It loses eps^2 / 2 nats on average."""
    return start + displacement


def norm_preserving(start: Tensor, displacement: Tensor) -> Tensor:
    """|z0| / |z0 + eps gamma| (z0 + eps gamma). Source: Li et al. 2021, eq. 2.

    The angle that is moved saturates: as eps grows every start ends in |z0| gamma.
    """
    moved = start + displacement
    return moved * (_length(start) / _length(moved))


def great_circle(start: Tensor, displacement: Tensor) -> Tensor:
    """|z0| (cos t u + sin t e): an arc of length |eps gamma|, e the part of gamma across z0.

    The same sphere as `norm_preserving`, but the angle t = eps / |z0| does not saturate.
    """
    radius, arc = _length(start), _length(displacement)
    along = (displacement * start).sum(1, keepdim=True) / radius.square()
    across = displacement - along * start
    angle = arc / radius
    return torch.cos(angle) * start + torch.sin(angle) * radius * across / _length(across)


def _length(rows: Tensor) -> Tensor:
    """[n, 1]; never 0, so that gradients stay finite."""
    return rows.square().sum(1, keepdim=True).clamp_min(TINY).sqrt()
