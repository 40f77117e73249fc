"""Jacobian products of networks by the cheapest route: forward, backward, sketch, differences.

A map takes a batch [n, *in] and gives [n, *out], row by row. At one point, with k directions that
share one evaluation of the point itself:

push          J t: one forward-mode pass a tangent
pull          s J: one reverse-mode pass a cotangent
differences   (f(u + h t) - f(u - h t)) / 2h: two evaluations a tangent, for maps without gradients

A sketch pulls Gaussian cotangents S with E[S^T S] = 1 back, so that (S J)^T (S J) is an unbiased
estimate of J^T J. Source: Halko, Martinsson and Tropp (arXiv 0909.4061), section 4. Everything is
computed as the map computes and returned in float64.
"""

import warnings
from collections.abc import Callable
from enum import StrEnum

import numpy as np
import torch
from torch import Tensor

Map = Callable[[Tensor], Tensor]

CHUNK = 64
"""Tangents or cotangents in one pass."""

STEP = 1e-2
"""Of central differences, as a share of the point's root mean square (at least 1)."""

BACKWARD = 1.5
"""What a reverse-mode pass costs, in forward-mode passes (measured on the bundled networks)."""

EXACT = 4096
"""Passes above which an exact product gives way to a sketch."""

SKETCH = 256
"""Rows of a sketch."""


class Route(StrEnum):
    """How J is come by."""

    JVP = "jvp"
    VJP = "vjp"
    SKETCH = "sketch"


def choose(inputs: int, outputs: int) -> Route:
    """The cheapest exact route for J [outputs, inputs], or a sketch where none is affordable."""
    forward, backward = inputs, BACKWARD * outputs
    if min(forward, backward) > EXACT:
        return Route.SKETCH
    return Route.JVP if forward <= backward else Route.VJP


@torch.no_grad()
def push(function: Map, point: Tensor, tangents: Tensor) -> Tensor:
    """J t of every tangent [k, *in] at a point [*in]: [k, *out], in the map's own precision."""

    def one(tangent: Tensor) -> Tensor:
        return torch.func.jvp(lambda u: function(u[None])[0], (point,), (tangent,))[1]

    with warnings.catch_warnings():
        # What forward mode loads when it is first used warns of PyTorch's own old age.
        warnings.filterwarnings("ignore", "`torch.jit", DeprecationWarning)
        return torch.vmap(one, chunk_size=CHUNK)(tangents)


def pull(function: Map, point: Tensor, cotangents: Tensor) -> Tensor:
    """s J of every cotangent [k, *out] at a point [*in]: [k, *in], in the map's own precision."""
    with torch.enable_grad():
        _, backward = torch.func.vjp(lambda u: function(u[None])[0], point.detach())
        rows = torch.vmap(lambda s: backward(s)[0], chunk_size=CHUNK)(cotangents)
    return rows.detach()


@torch.no_grad()
def differences(function: Map, point: Tensor, tangents: Tensor) -> Tensor:
    """J t of every tangent [k, *in], by central differences along each: [k, *out].

    The step along a tangent is STEP of the point's root mean square (at least of 1), whatever the
    tangent's length.
    """
    size = max(float(point.square().mean().sqrt()), 1.0)
    parts = []
    for chunk in tangents.split(CHUNK):
        lengths = chunk.flatten(1).square().mean(1).sqrt().clamp_min(1e-12)
        steps = (STEP * size / lengths).reshape(-1, *[1] * (chunk.dim() - 1))
        rise = function(point + steps * chunk) - function(point - steps * chunk)
        parts.append(rise / (2 * steps.reshape(-1, *[1] * (rise.dim() - 1))))
    return torch.cat(parts)


def has_gradient(function: Map, point: Tensor) -> bool:
    """Whether the map's values follow from its input by differentiable steps."""
    with torch.enable_grad():
        return bool(function(point.detach()[None].clone().requires_grad_()).requires_grad)


def jacobian(
    function: Map, point: Tensor, tangents: Tensor, route: Route | None = None, seed: int = 0
) -> np.ndarray:
    """J T for tangents [k, *in] as columns of T: float64 [m, k], m the outputs or a sketch's rows.

    function: its values are [n, m]. route: the cheapest where none is given; maps without
    gradients go by differences, whatever the route. seed: of a sketch.
    """
    with torch.no_grad():
        outputs = function(point[None]).shape[1]
    if outputs == 0:
        return np.zeros((0, len(tangents)))
    if not has_gradient(function, point):
        return _columns(differences(function, point, tangents))
    route = route or choose(len(tangents), outputs)
    if route is Route.JVP:
        return _columns(push(function, point, tangents))
    cotangents = torch.eye(outputs, dtype=point.dtype, device=point.device)
    if route is Route.SKETCH and outputs > SKETCH:
        cotangents = _sketch(SKETCH, outputs, seed).to(point)
    rows = pull(function, point, cotangents).flatten(1)
    return rows.double().cpu().numpy() @ tangents.flatten(1).double().cpu().numpy().T


def _columns(pushed: Tensor) -> np.ndarray:
    """[k, m] -> float64 [m, k]."""
    return pushed.double().cpu().numpy().T


def _sketch(rows: int, outputs: int, seed: int) -> Tensor:
    chance = np.random.Generator(np.random.Philox(seed))
    return torch.from_numpy(chance.standard_normal((rows, outputs)) / np.sqrt(rows))
