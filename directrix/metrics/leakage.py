"""What a move does to the factor it is meant for, and what it does to all the others.

Source: the re-scoring matrix of Shen et al. (arXiv 1907.10786), section 4.3: row i holds the mean
changes of all scores under move i. Here of known factors, in their SD.
"""

from dataclasses import dataclass

import numpy as np

from directrix.errors import InvalidField
from directrix.metrics.bootstrap import effect_interval
from directrix.metrics.effects import mean_effect


@dataclass(frozen=True)
class Leakage:
    """One row of the re-scoring matrix; effects in SD, turned so that the intended one is >= 0."""

    factor: int
    """The intended factor."""
    sign: int
    """+1 or -1: the sign of the move that raises it."""
    effects: tuple[float, ...]
    intervals: tuple[tuple[float, float], ...]
    """95 % intervals of the effects. The two sizes below have none: a size of a mean that may be
    0 is biased upwards, and no bootstrap holds there."""
    mean: float
    """Mean size of the other effects."""
    most: float
    """Largest size of the other effects."""
    share: float
    """Sum of the sizes of the other effects as a multiple of the intended one; infinite at 0."""

    @property
    def effect(self) -> float:
        """Of the intended factor."""
        return self.effects[self.factor]


def measure_leakage(
    before: np.ndarray,
    after: np.ndarray,
    base: np.ndarray,
    seed: int,
    factor: int | None = None,
) -> Leakage:
    """Factors [n, F] before and after a move of n samples, base [N, F] beginning with these n.

    factor: the intended one; None means that which changes most. A factor that is constant over
    the population has effect 0. Raises InvalidField.
    """
    if base.shape[1] < 2:
        raise InvalidField("leakage needs at least two factors", field="base")
    changes = after.astype(np.float64) - before
    effects = mean_effect(before, after, base.astype(np.float64).std(0))
    factor = int(np.abs(effects).argmax()) if factor is None else factor
    if not 0 <= factor < len(effects):
        raise InvalidField(f"factors are 0 to {len(effects) - 1}, not {factor}", field="factor")
    sign = 1 if effects[factor] >= 0 else -1
    others = np.abs(np.delete(effects, factor))
    return Leakage(
        factor=factor,
        sign=sign,
        effects=tuple(float(sign * e) for e in effects),
        intervals=tuple(
            effect_interval(sign * change, known, seed)
            for change, known in zip(changes.T, base.T, strict=True)
        ),
        mean=float(others.mean()),
        most=float(others.max()),
        share=_share(float(others.sum()), float(abs(effects[factor]))),
    )


def _share(others: float, own: float) -> float:
    if own > 0:
        return others / own
    return float("inf") if others > 0 else 0.0
