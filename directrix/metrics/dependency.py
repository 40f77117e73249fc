"""Attribute dependency: what else changes when a target changes by a given amount.

Source: Wu, Lischinski and Shechtman, "StyleSpace Analysis" (arXiv 2011.12799), section 5: mean and
maximum over the other attributes of |change| / SD, at a matched change of the target in its SD.
Here on a grid of strengths: the point where the target arrives is interpolated, sample by sample.
"""

from dataclasses import dataclass

import numpy as np

from directrix.errors import InvalidField
from directrix.metrics.bootstrap import statistic_interval
from directrix.metrics.matched import MatchedChange

LEAST_REACHED = 0.5
"""Censored where fewer samples arrive: those that do would not stand for the others."""

Interval = tuple[float, float]


@dataclass(frozen=True)
class Dependency:
    """At one change of the target; dependencies are in SD, None where censored."""

    change: float
    """Of the target, in its SD."""
    reached: float
    """Share of the samples whose target changes so much within the grid."""
    mean: float | None = None
    mean_interval: Interval | None = None
    most: float | None = None
    most_interval: Interval | None = None


@dataclass(frozen=True)
class DependencyGap:
    """Dependency of one walk minus that of another, on the same samples, in SD."""

    mean: float
    mean_interval: Interval
    most: float
    most_interval: Interval


def attribute_dependency(
    alphas: tuple[float, ...],
    curves: np.ndarray,
    base: np.ndarray,
    target: int,
    change: float,
    seed: int,
) -> Dependency:
    """The dependency where the target has risen by `change` SD, with 95 % intervals.

    alphas: [A], ascending, with 0. curves: factors [A, n, F] of moved samples. base: factors
    [N, F] of a population that begins with these n samples unmoved. The walk goes towards the
    alphas that raise the target. Raises InvalidField.
    """
    statistic = _statistic(alphas, curves, base, target, change)
    reached = statistic.reached()
    if reached < LEAST_REACHED:
        return Dependency(change, reached)
    mean, most = statistic(np.full((1, len(base)), 1 / len(base)))[0]
    low, high = statistic_interval(statistic, len(base), seed)
    ends = [(float(a), float(b)) for a, b in zip(low, high, strict=True)]
    return Dependency(change, reached, float(mean), ends[0], float(most), ends[1])


def dependency_gap(
    alphas: tuple[float, ...],
    first: np.ndarray,
    second: np.ndarray,
    base: np.ndarray,
    target: int,
    change: float,
    seed: int,
) -> DependencyGap | None:
    """Two walks for one target on the same samples, resampled in pairs; None where censored."""
    walks = [_statistic(alphas, curves, base, target, change) for curves in (first, second)]
    if min(walk.reached() for walk in walks) < LEAST_REACHED:
        return None

    def gap(weights: np.ndarray) -> np.ndarray:
        return walks[0](weights) - walks[1](weights)

    mean, most = gap(np.full((1, len(base)), 1 / len(base)))[0]
    low, high = statistic_interval(gap, len(base), seed)
    ends = [(float(a), float(b)) for a, b in zip(low, high, strict=True)]
    return DependencyGap(float(mean), ends[0], float(most), ends[1])


def _statistic(
    alphas: tuple[float, ...], curves: np.ndarray, base: np.ndarray, target: int, change: float
) -> MatchedChange:
    check_curves(alphas, curves, base)
    if not 0 <= target < base.shape[1]:
        raise InvalidField(f"factors are 0 to {base.shape[1] - 1}, not {target}", field="target")
    varying = np.flatnonzero(base.std(0) > 0)
    if target not in varying or len(varying) < 2:
        raise InvalidField("target and another factor have to vary in the population", field="base")
    if not change > 0:
        raise InvalidField("a matched change is above 0", field="change")
    values, zero = curves.astype(np.float64), alphas.index(0)
    rising = values[-1, :, target].mean() >= values[0, :, target].mean()
    side = values[zero:] if rising else values[zero::-1]
    return MatchedChange(side - side[0], base.astype(np.float64), target, change)


def check_curves(alphas: tuple[float, ...], curves: np.ndarray, base: np.ndarray) -> None:
    """alphas ascending with 0 inside, curves [A, n, F], base [N >= n, F] or InvalidField."""
    inside = 0 in alphas[1:-1]
    if list(alphas) != sorted(set(alphas)) or not inside:
        raise InvalidField("alphas ascend and have 0 between the ends", field="alphas")
    fits = curves.ndim == 3 and base.ndim == 2 and curves.shape[0] == len(alphas)
    if not fits or curves.shape[2] != base.shape[1] or not 2 <= curves.shape[1] <= len(base):
        raise InvalidField(
            "curves are [alphas, n, factors] and the population [N >= n, factors], n at least 2",
            field="curves",
        )
    if not np.array_equal(curves[alphas.index(0)], base[: curves.shape[1]]):
        raise InvalidField(
            "the population begins with the samples that are moved, as they are at alpha = 0",
            field="base",
        )
