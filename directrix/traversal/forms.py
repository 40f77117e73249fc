"""Three ways of keeping k directions of unit length apart while they are trained.

Source: the released code of Li et al. (ACM MM 2021): free rows that are normalised and held apart
by eq. 10; Gram-Schmidt after every step; the first rows of the exponential of a skew matrix, which
is orthogonal by construction.
"""

from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor

Form = Literal["free", "gram_schmidt", "exponential"]

Parametrisation = Callable[[Tensor], Tensor]


def start(form: Form, count: int, dimension: int, chance: torch.Generator) -> Tensor:
    """Random parameters: [count, d], or the upper triangle's matrix [d, d] of the exponential."""
    rows = dimension if form == "exponential" else count
    return torch.randn((rows, dimension), generator=chance)


def start_at(form: Form, count: int, basis: Tensor) -> Tensor:
    """Parameters whose directions are the first rows of an orthonormal basis [d, d]."""
    return torch.zeros_like(basis) if form == "exponential" else basis[:count].clone()


def parametrise(form: Form, count: int, basis: Tensor | None = None) -> Parametrisation:
    """parameters -> count unit rows [count, d], differentiable.

    basis: orthonormal rows [d, d] that the exponential turns; none: the axes.
    """
    if form != "exponential":
        return lambda raw: raw / raw.norm(dim=1, keepdim=True)

    def turned(raw: Tensor) -> Tensor:
        rows = torch.matrix_exp(raw.triu(1) - raw.triu(1).T)[:count]
        return rows if basis is None else rows @ basis

    return turned


def settle(form: Form, raw: Tensor) -> Tensor:
    """Parameters after a step: rows made orthonormal one after the other, or of unit length."""
    if form == "exponential":
        return raw
    if form == "free":
        return raw / raw.norm(dim=1, keepdim=True)
    q, r = torch.linalg.qr(raw.T)
    return (q * torch.sign(torch.diagonal(r))).T.contiguous()
