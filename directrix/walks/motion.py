"""One move made ready: a finding, its strength and its walk, applied to single points.

Points are moved one by one in float64 on the CPU, so that a move depends on nothing but itself.
Strengths: a direction goes alpha x scale; a subspace alpha x |c o scales| along c . (scales o
basis); a field alpha x scale along its gradient in `steps` steps; an intervention blends.
"""

from dataclasses import dataclass

import numpy as np

from directrix.types import Direction, Field, Intervention, Operation, Subspace, Walk
from directrix.walks.fields import heading
from directrix.walks.paths import PATHS, without

Movable = Direction | Subspace | Field | Intervention
"""Findings that move latents; units act on features instead."""

LIMIT = 1e6
"""Largest absolute coordinate of a latent; no network of use lives further out."""


@dataclass(frozen=True, eq=False)
class Motion:
    """Applies one move to one point [d], or [layers, d] in W+.

    layers: the rows of a W+ point that it moves; empty means all. conditions: orthonormal rows
    [m, d] that a conditional walk leaves out, d being the number of moved coordinates.
    """

    finding: Movable
    alpha: float
    walk: Walk = Walk.LINEAR
    coefficients: tuple[float, ...] = ()
    layers: tuple[int, ...] = ()
    conditions: np.ndarray | None = None

    def apply(self, point: np.ndarray) -> np.ndarray:
        """float32 of the point's shape; coordinates beyond LIMIT are cut to it."""
        moved = point.astype(np.float64)
        if point.ndim == 1:
            moved = self._walk(moved)
        else:
            rows = list(self.layers) or list(range(len(point)))
            if isinstance(self.finding, Direction) and self.finding.vector.ndim == 2:
                moved[rows] = self._walk(moved[rows].ravel()).reshape(len(rows), -1)
            else:
                moved[rows] = np.stack([self._walk(row) for row in moved[rows]])
        return np.clip(moved, -LIMIT, LIMIT).astype(np.float32)

    def _walk(self, u: np.ndarray) -> np.ndarray:
        steps = self.finding.steps if isinstance(self.finding, Field) else 1
        for _ in range(steps):
            u = self._step(u, steps)
        return u

    def _step(self, u: np.ndarray, steps: int) -> np.ndarray:
        d = self.displacement(u) / steps
        if self.conditions is not None and self.walk is Walk.CONDITIONAL:
            free = without(d, self.conditions)
            d = np.zeros_like(d) if free is None else free
        return PATHS[self.walk](u, d)

    def displacement(self, u: np.ndarray) -> np.ndarray:
        """Where the whole move would go from u, before the walk has its say."""
        finding, alpha = self.finding, self.alpha
        match finding:
            case Direction():
                return alpha * finding.scale * self._vector(finding)
            case Subspace():
                weights = np.asarray(self.coefficients, np.float64) * finding.scales
                return alpha * (weights @ finding.basis.astype(np.float64))
            case Field():
                return alpha * finding.scale * heading(finding, u)
            case Intervention():
                return _intervene(finding, u, alpha)

    def _vector(self, finding: Direction) -> np.ndarray:
        vector = finding.vector
        if vector.ndim == 2 and self.layers:
            vector = vector[list(self.layers)]
        return vector.astype(np.float64).ravel()


def _intervene(finding: Intervention, u: np.ndarray, alpha: float) -> np.ndarray:
    d = np.zeros_like(u)
    at, values = finding.coordinates, finding.values.astype(np.float64)
    match finding.operation:
        case Operation.SET:
            d[at] = alpha * (values - u[at])
        case Operation.ADD:
            d[at] = alpha * values
        case Operation.SCALE:
            d[at] = alpha * values * u[at]
    return d
