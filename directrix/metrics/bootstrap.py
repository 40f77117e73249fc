"""Bootstrap intervals, seeded: of a mean, of paired means, of an effect in SD, of any statistic.

Means are studentised: resampled means are told in their own standard errors, which holds its level
where the percentile interval is too short (few or skewed samples). Source: Efron and Tibshirani,
"An Introduction to the Bootstrap" (1993), section 12.5. Measured coverage: docs/truth.md.
"""

from collections.abc import Callable
from statistics import NormalDist

import numpy as np

NORMAL = NormalDist()
Statistic = Callable[[np.ndarray], np.ndarray]
"""Weights [B, n] of the samples, rows summing to 1 -> the statistic under each of them [B, ...]."""


def bootstrap_interval(
    values: np.ndarray, seed: int, level: float = 0.95, resamples: int = 1000
) -> tuple[float, float]:
    """The studentised interval of the mean of `values` [n] at `level`, in the values' unit."""
    values = values.astype(np.float64)
    picks = _chance(seed).integers(0, len(values), size=(resamples, len(values)))
    drawn = values[picks]
    errors = drawn.std(1) / np.sqrt(len(values))
    error = float(values.std() / np.sqrt(len(values)))
    return _studentised(float(values.mean()), error, drawn.mean(1), errors, level)


def paired_interval(
    first: np.ndarray, second: np.ndarray, seed: int, level: float = 0.95, resamples: int = 1000
) -> tuple[float, float]:
    """The interval of mean(first - second): two measurements [n] of the same n samples."""
    change = first.astype(np.float64) - second.astype(np.float64)
    return bootstrap_interval(change, seed, level, resamples)


def effect_interval(
    change: np.ndarray, base: np.ndarray, seed: int, level: float = 0.95, resamples: int = 1000
) -> tuple[float, float]:
    """The studentised interval of mean(change) / SD(base): an effect in measured SDs.

    change: of a score [n] over n samples. base: the unmoved score [N] of a population that begins
    with these n samples, N >= n. The SD is measured too: leaving out its error gives intervals
    that hardly ever hold where a move changes every sample alike. 0 where the base is constant.
    """
    change, base, n = change.astype(np.float64), base.astype(np.float64), len(change)
    if not base.std() > 0:
        return 0.0, 0.0
    chance = _chance(seed)
    held = chance.integers(0, n, size=(resamples, n))
    rest = chance.integers(n, len(base), size=(resamples, len(base) - n)) if len(base) > n else held
    picks = np.concatenate([held, rest], 1) if len(base) > n else held
    value, error = _ratio(change[None], base[None])
    values, errors = _ratio(change[held], base[picks])
    return _studentised(float(value[0]), float(error[0]), values, errors, level)


def statistic_interval(
    statistic: Statistic, count: int, seed: int, level: float = 0.95, resamples: int = 1000
) -> tuple[np.ndarray, np.ndarray]:
    """Low and high ends [...] of any statistic of `count` samples: bias corrected, accelerated.

    Source: Efron, "Better Bootstrap Confidence Intervals" (1987), section 4: BCa, its acceleration
    from the jackknife. Ends are not a number where the statistic is not one.
    """
    weights = _chance(seed).multinomial(count, np.full(count, 1 / count), size=resamples) / count
    left_out = (1 - np.eye(count)) / max(count - 1, 1)
    value = statistic(np.full((1, count), 1 / count))[0]
    drawn, jackknife = statistic(weights), statistic(left_out)
    ends = np.empty((2, *value.shape))
    for place in np.ndindex(value.shape):
        at = (slice(None), *place)
        ends[at] = _accelerated(float(value[place]), drawn[at], jackknife[at], level)
    return ends[0], ends[1]


def _chance(seed: int) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(seed))


def _ratio(change: np.ndarray, base: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """mean(change [B, n]) / SD(base [B, N]) with its standard error by the delta method: [B]."""
    n, size = change.shape[1], base.shape[1]
    mean, spread = change.mean(1, keepdims=True), base.std(1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        value = mean / spread
        square = ((base - base.mean(1, keepdims=True)) / spread) ** 2 - 1
        influence = -value / 2 * square / size
        influence[:, :n] += (change - mean) / spread / n
    return value[:, 0], np.sqrt(np.square(influence).sum(1))


def _studentised(
    value: float, error: float, values: np.ndarray, errors: np.ndarray, level: float
) -> tuple[float, float]:
    """Resamples without any spread tell nothing and are left out."""
    kept = np.isfinite(values) & (errors > 1e-12 * max(abs(value), 1e-300))
    if not error > 0 or not kept.any():
        return value, value
    pivots = (values[kept] - value) / errors[kept]
    tail = (1 - level) / 2
    low, high = np.quantile(pivots, [tail, 1 - tail])
    return float(value - high * error), float(value - low * error)


def _accelerated(
    value: float, drawn: np.ndarray, jackknife: np.ndarray, level: float
) -> tuple[float, float]:
    drawn, jackknife = drawn[np.isfinite(drawn)], jackknife[np.isfinite(jackknife)]
    if not np.isfinite(value) or len(drawn) == 0 or len(jackknife) == 0:
        return float("nan"), float("nan")
    if np.ptp(drawn) == 0:
        return value, value
    below = (np.sum(drawn < value) + np.sum(drawn == value) / 2) / len(drawn)
    bias = NORMAL.inv_cdf(float(np.clip(below, 0.5 / len(drawn), 1 - 0.5 / len(drawn))))
    away = jackknife.mean() - jackknife
    scale = 6 * np.square(away).sum() ** 1.5
    acceleration = np.power(away, 3).sum() / scale if scale > 0 else 0.0
    tail = NORMAL.inv_cdf((1 + level) / 2)
    shares = [_share(bias, acceleration, end) for end in (-tail, tail)]
    low, high = np.quantile(drawn, shares)
    return float(low), float(high)


def _share(bias: float, acceleration: float, end: float) -> float:
    shifted = bias + end
    return NORMAL.cdf(bias + shifted / (1 - acceleration * shifted))
