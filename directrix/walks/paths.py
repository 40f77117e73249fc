"""The ways of moving a point u by a displacement d; all in float64 vectors [d].

linear           u + d
norm_preserving  linear, then back to the length that u had
great_circle     on the sphere through u, towards d, an arc of length |d|
conditional      linear, along what is left of d without the conditions, as long as d
"""

from collections.abc import Callable, Mapping

import numpy as np

from directrix.types import Walk

LEAST_REMAINDER = 0.05
"""A displacement of which conditions leave less than this share is not separable from them."""

Path = Callable[[np.ndarray, np.ndarray], np.ndarray]


def linear(u: np.ndarray, d: np.ndarray) -> np.ndarray:
    return u + d


def norm_preserving(u: np.ndarray, d: np.ndarray) -> np.ndarray:
    """Stays where the move would end in the origin, which has no direction."""
    moved = u + d
    length = _length(moved)
    return u if length == 0 else moved * (_length(u) / length)


def great_circle(u: np.ndarray, d: np.ndarray) -> np.ndarray:
    """cos(t) u + sin(t) |u| e, e the unit part of d orthogonal to u, t = |d| / |u|.

    Stays where d points along u; linear from the origin.
    """
    radius, arc = _length(u), _length(d)
    if radius == 0 or arc == 0:
        return u + d
    across = d - (d @ u / radius**2) * u
    height = _length(across)
    if height < 1e-6 * arc:
        return u
    angle = arc / radius
    return np.cos(angle) * u + np.sin(angle) * radius * (across / height)


PATHS: Mapping[Walk, Path] = {
    Walk.LINEAR: linear,
    Walk.NORM_PRESERVING: norm_preserving,
    Walk.GREAT_CIRCLE: great_circle,
    Walk.CONDITIONAL: linear,
}


def orthonormal(rows: np.ndarray) -> np.ndarray:
    """An orthonormal basis [m, d] of the span of rows [k, d], k >= 1; dependent rows drop out."""
    q, r = np.linalg.qr(np.asarray(rows, np.float64).T)
    kept = np.abs(np.diag(r)) > 1e-6 * np.abs(r).max(initial=1e-30)
    return q.T[: len(kept)][kept]


def without(d: np.ndarray, conditions: np.ndarray) -> np.ndarray | None:
    """d without its part in the span of orthonormal rows [m, d], as long as d was.

    None where less than LEAST_REMAINDER of it is left: it is not separable from the conditions.
    """
    rest = d - (conditions @ d) @ conditions
    whole, left = _length(d), _length(rest)
    if whole == 0:
        return d
    return None if left < LEAST_REMAINDER * whole else rest * (whole / left)


def _length(vector: np.ndarray) -> float:
    return float(np.sqrt(vector @ vector))
