"""Bootstrap intervals against the normal approximation, and how often they hold the truth."""

import numpy as np
import pytest

from directrix.metrics.bootstrap import (
    bootstrap_interval,
    effect_interval,
    paired_interval,
    statistic_interval,
)


def test_agrees_with_the_standard_error() -> None:
    values = np.random.Generator(np.random.Philox(1)).standard_normal(400) + 3
    low, high = bootstrap_interval(values, seed=2, resamples=4000)
    error = values.std() / np.sqrt(400)
    assert low == pytest.approx(values.mean() - 1.96 * error, abs=0.01)
    assert high == pytest.approx(values.mean() + 1.96 * error, abs=0.01)


def test_repeats_by_seed() -> None:
    values = np.arange(10.0)
    assert bootstrap_interval(values, 1) == bootstrap_interval(values, 1)
    assert bootstrap_interval(values, 1) != bootstrap_interval(values, 2)


def test_a_constant_has_no_width() -> None:
    assert bootstrap_interval(np.full(5, 2.5), 1) == (2.5, 2.5)


def test_skewed_samples_have_a_longer_upper_arm() -> None:
    values = np.random.Generator(np.random.Philox(3)).exponential(size=60)
    low, high = bootstrap_interval(values, 1)
    assert high - values.mean() > 1.2 * (values.mean() - low)


def test_pairs_are_compared_within_themselves() -> None:
    first = np.random.Generator(np.random.Philox(4)).standard_normal(50) * 10
    low, high = paired_interval(first + 2, first, 1)
    assert (low, high) == pytest.approx((2, 2), abs=1e-9)
    assert paired_interval(first, first * 0, 1) == bootstrap_interval(first, 1)


def test_the_interval_of_an_effect_knows_that_the_deviation_is_measured() -> None:
    """Every sample changes by 2: all doubt is the deviation's, 2 x 1.96 / sqrt(2 x 1024)."""
    base = np.random.Generator(np.random.Philox(5)).standard_normal(1024)
    low, high = effect_interval(np.full(100, 2.0), base, 1)
    assert low < 2 / base.std() < high
    assert high - low == pytest.approx(2 * 2 * 1.96 / np.sqrt(2048), rel=0.15)
    assert effect_interval(np.full(9, 2.0), np.ones(9), 1) == (0, 0)


def test_effects_hold_the_truth_as_often_as_they_say() -> None:
    """A skewed score that doubles: the truth is known in closed form."""
    truth = np.exp(0.125) / np.sqrt((np.exp(0.25) - 1) * np.exp(0.25))
    held = 0
    for trial in range(300):
        chance = np.random.Generator(np.random.Philox([6, trial]))
        base = np.exp(0.5 * chance.standard_normal(256))
        low, high = effect_interval(base[:40], base, trial, resamples=300)
        held += low <= truth <= high
    assert 0.91 < held / 300 < 0.98


def test_any_statistic_of_weighted_samples_has_an_interval() -> None:
    values = np.random.Generator(np.random.Philox(8)).normal((1, 5), size=(200, 2))

    def ratio(weights: np.ndarray) -> np.ndarray:
        means = weights @ values
        return means[:, 1] / means[:, 0]

    low, high = statistic_interval(ratio, 200, 3)
    assert (low.shape, high.shape) == ((), ())
    assert low < ratio(np.full((1, 200), 1 / 200))[0] < high
    assert 0.5 < high - low < 2.5
    again = statistic_interval(ratio, 200, 3)
    assert (again[0], again[1]) == (low, high)


def test_the_mean_as_a_statistic_agrees_with_the_mean() -> None:
    values = np.random.Generator(np.random.Philox(9)).standard_normal(300)
    low, high = statistic_interval(lambda weights: weights @ values, 300, 1)
    assert (float(low), float(high)) == pytest.approx(bootstrap_interval(values, 1), abs=0.02)


def test_a_statistic_that_is_no_number_has_no_interval() -> None:
    low, high = statistic_interval(lambda w: np.full((len(w), 2), [np.nan, 3.0]), 10, 1)
    assert np.isnan([low[0], high[0]]).all()
    assert (low[1], high[1]) == (3, 3)
