"""Ends of a score are the same whether it comes whole or in parts, and never too many."""

import numpy as np

from directrix.learners import Ends, Extremes
from directrix.types import SHARD


def ends_of(scores: np.ndarray, fraction: float, part: int, most: int = 10_000) -> Ends:
    extremes = Extremes(len(scores), fraction, most)
    for start in range(0, len(scores), part):
        extremes.add(start, scores[start : start + part])
    return extremes.ends()


def whole(scores: np.ndarray, fraction: float) -> tuple[list[int], list[int]]:
    """By sorting all of them: what parts have to give."""
    finite = np.flatnonzero(np.isfinite(scores))
    order = finite[np.argsort(scores[finite], kind="stable")]
    count = int(len(order) * fraction)
    return sorted(order[:count]), sorted(order[len(order) - count :])


def test_ends_are_in_the_order_of_samples() -> None:
    scores = np.array([5, 1, np.nan, 3, 0, 4, 2, np.inf, 9, 8, 7], np.float32)
    found = ends_of(scores, 0.3, part=4)
    assert (found.low.tolist(), found.high.tolist(), found.apart) == ([1, 4], [8, 9], True)
    found = ends_of(np.arange(5, dtype=np.float32), 0.5, part=5)
    assert (found.low.tolist(), found.high.tolist()) == ([0, 1], [3, 4])


def test_parts_give_what_the_whole_gives_equal_scores_included() -> None:
    chance = np.random.Generator(np.random.Philox(1))
    scores = chance.integers(0, 50, 30_000).astype(np.float32)
    scores[chance.integers(0, len(scores), 300)] = np.nan
    for fraction in (0.01, 0.1):
        low, high = whole(scores, fraction)
        found = ends_of(scores, fraction, part=SHARD)
        assert (found.low.tolist(), found.high.tolist()) == (low, high)


def test_of_a_large_population_so_many_are_taken_and_no_more_are_kept() -> None:
    scores = np.random.Generator(np.random.Philox(2)).standard_normal(50_000, np.float32)
    extremes = Extremes(len(scores), 0.5, most=100)
    for start in range(0, len(scores), SHARD):
        extremes.add(start, scores[start : start + SHARD])
        assert len(extremes._scores) <= 3 * 100 + 2 * SHARD
    order = np.argsort(scores, kind="stable")
    assert extremes.ends().low.tolist() == sorted(order[:100])
    assert extremes.ends().high.tolist() == sorted(order[-100:])


def test_a_constant_score_has_no_ends_apart() -> None:
    assert not ends_of(np.ones(100, np.float32), 0.1, part=10).apart
    assert not ends_of(np.full(100, np.nan, np.float32), 0.1, part=10).apart
