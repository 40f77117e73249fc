"""Dependency at matched change, of linear worlds whose answer is known."""

import numpy as np
import pytest

from directrix.errors import InvalidField
from directrix.metrics import attribute_dependency, dependency_gap
from directrix.metrics.matched import MatchedChange

ALPHAS = (-3.0, -1.5, 0.0, 1.5, 3.0)


def population(count: int = 400, factors: int = 3) -> np.ndarray:
    return np.random.Generator(np.random.Philox(1)).standard_normal((count, factors))


def walk(base: np.ndarray, slope: np.ndarray, samples: int = 50) -> np.ndarray:
    """[A, n, F]: every factor changes linearly, by `slope` [F] or [n, F] a step of 1."""
    return np.stack([base[:samples] + alpha * slope for alpha in ALPHAS])


def test_a_disentangled_walk_has_none() -> None:
    base = population()
    found = attribute_dependency(ALPHAS, walk(base, np.array([1.0, 0, 0])), base, 0, 1.0, 1)
    assert (found.mean, found.most, found.reached) == pytest.approx((0, 0, 1), abs=1e-12)
    assert found.mean_interval == pytest.approx((0, 0), abs=1e-12)


@pytest.mark.parametrize("change", [1.0, 2.0])
@pytest.mark.parametrize("sign", [1, -1])
def test_a_linear_walk_has_its_slopes(change: float, sign: int) -> None:
    """Slopes 1, .5, -.2: at c SD of the target the others have moved .5 c and .2 c raw."""
    base = population()
    spread = base.std(0)
    found = attribute_dependency(
        ALPHAS, walk(base, sign * np.array([1, 0.5, -0.2])), base, 0, change, 1
    )
    sizes = change * spread[0] * np.array([0.5, 0.2]) / spread[1:]
    assert found.mean == pytest.approx(sizes.mean())
    assert found.most == pytest.approx(sizes.max())
    low, high = found.most_interval
    assert low < found.most < high
    assert high - low < 0.4 * change


def test_the_point_is_interpolated_sample_by_sample() -> None:
    """Targets with slopes of their own: 1 / slope is the strength where they arrive."""
    base = population()
    base /= base.std(0)
    own = np.linspace(0.5, 2, 50)
    slope = np.stack([own, np.full(50, 0.3), np.zeros(50)], 1)
    found = attribute_dependency(ALPHAS, walk(base, slope), base, 0, 1.0, 1)
    assert found.most == pytest.approx((0.3 / own).mean())
    assert found.mean == pytest.approx((0.3 / own).mean() / 2)


def test_what_cannot_be_reached_is_censored() -> None:
    base = population()
    weak = attribute_dependency(ALPHAS, walk(base, np.array([0.1, 1, 1])), base, 0, 1.0, 1)
    assert (weak.reached, weak.mean, weak.most_interval) == (0, None, None)
    half = np.where(np.arange(50)[:, None] < 30, [1.0, 0.4, 0], [0.1, 9.0, 9.0])
    some = attribute_dependency(ALPHAS, walk(base, half), base, 0, 1.0, 1)
    assert some.reached == pytest.approx(0.6)
    spread = base.std(0)
    assert some.most == pytest.approx(0.4 * spread[0] / spread[1])


def test_the_first_arrival_counts_where_a_target_turns_back() -> None:
    rise = np.array([[[0.0, 0]], [[2.0, 1]], [[-1.0, 5]], [[4.0, 9]]])
    base = np.array([[-1.0, 1.0], [1.0, -1.0]])
    assert MatchedChange(rise, base, 0, 1.0)(np.full((1, 2), 0.5))[0] == pytest.approx([0.5, 0.5])


def test_a_constant_factor_is_left_out() -> None:
    base = population()
    base[:, 2] = 7
    found = attribute_dependency(ALPHAS, walk(base, np.array([1.0, 0.5, 0])), base, 0, 1.0, 1)
    assert found.mean == found.most


def test_gaps_are_paired() -> None:
    """Two walks that differ by a constant differ by it surely, whatever the samples are."""
    base = population()
    base /= base.std(0)
    own = np.random.Generator(np.random.Philox(2)).uniform(0.5, 1.5, (50, 1)) * [[0, 1, 0]]
    first, second = (walk(base, own + np.array([1, extra, 0])) for extra in (0.5, 0.2))
    gap = dependency_gap(ALPHAS, first, second, base, 0, 1.0, 3)
    assert gap.most == pytest.approx(0.3)
    alone = attribute_dependency(ALPHAS, first, base, 0, 1.0, 3)
    low, high = gap.most_interval
    assert low < 0.3 < high
    assert high - low < (alone.most_interval[1] - alone.most_interval[0]) / 2
    assert dependency_gap(ALPHAS, first, walk(base, own), base, 0, 1.0, 3) is None


def test_other_populations_and_grids_are_refused() -> None:
    base = population()
    curves = walk(base, np.array([1.0, 0, 0]))
    with pytest.raises(InvalidField, match="begins with"):
        attribute_dependency(ALPHAS, curves, base[1:], 0, 1.0, 1)
    with pytest.raises(InvalidField, match="alphas"):
        attribute_dependency((0.0, *ALPHAS[3:]), curves[2:], base, 0, 1.0, 1)
    with pytest.raises(InvalidField, match="factors are"):
        attribute_dependency(ALPHAS, curves, base, 3, 1.0, 1)
    with pytest.raises(InvalidField, match="above 0"):
        attribute_dependency(ALPHAS, curves, base, 0, 0.0, 1)
    with pytest.raises(InvalidField, match="vary"):
        attribute_dependency(ALPHAS, curves[..., :1], base[:, :1], 0, 1.0, 1)
