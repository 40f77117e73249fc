"""A solved subspace, in the words of findings: vectors, units, gains, and how much was left."""

from dataclasses import dataclass

import numpy as np

from directrix.criterions.chart import Chart
from directrix.eigenspaces import Eigenspace
from directrix.types import Direction, Finding, Space, Subspace

HINT_LENGTH = 200


@dataclass(frozen=True, eq=False)
class Solution:
    """A constrained eigenspace and the coordinates it is written in.

    vectors: [k, *latent] float64 of unit length. scales: [k], one SD along each. values:
    eigenvalues [k]. eigenspace: all of it, with the spectra of the constraints, in the metric's
    coordinates.
    """

    chart: Chart
    vectors: np.ndarray
    scales: np.ndarray
    values: np.ndarray
    eigenspace: Eigenspace
    gains: np.ndarray
    wanted: tuple[str, ...]
    suppressed: tuple[str, ...]

    def summary(self) -> str:
        """Dimensions: kept, free, and left by each constraint."""
        space = self.eigenspace
        held = ", ".join(
            f"{text} {left}" for text, left in zip(self.suppressed, space.dimensions, strict=True)
        )
        left = f"{space.free} of {len(space.vectors)} dimensions free"
        told = f"{'+'.join(self.wanted)}: {len(self.values)} directions, {left}"
        full = f"{told} ({held})" if held else told
        return full if len(full) <= HINT_LENGTH else told[:HINT_LENGTH]

    def told(self, one_by_one: bool) -> tuple[tuple[Finding, ...], tuple[str, ...]]:
        """Findings and their hints: one subspace, or its directions (always so in W+)."""
        chart = self.chart
        if not one_by_one and chart.space is not Space.W_PLUS:
            basis = chart.orthonormal(self.vectors)
            subspace = Subspace(chart.space, basis, chart.scales(basis), chart.layers)
            return (subspace,), (self.summary(),)
        rows = zip(self.vectors, self.scales, strict=True)
        directions = tuple(
            Direction(chart.space, vector, float(scale), chart.layers) for vector, scale in rows
        )
        return directions, tuple(self._hint(place) for place in range(len(directions)))

    def _hint(self, place: int) -> str:
        space = self.eigenspace
        return (
            f"{'+'.join(self.wanted)[:80]}: direction {place}, gain {self.gains[place]:.3g}, "
            f"eigenvalue {self.values[place]:.3g}; {space.free} of {len(space.vectors)} "
            "dimensions free"
        )
