"""Distances to a flip, and the rows that are made of them."""

from dataclasses import replace

import numpy as np
import pytest

from directrix.audits.flips import Groups, Table
from directrix.types import Named

STEPS = (1.0, 2.0, 3.0)


def table() -> Table:
    """Eight pictures of class a with log odds (m, -m), m = .5, 1.5, ... 7.5; finding 0 takes 1 a
    SD, finding 1 gives 1 a SD, finding 2 does nothing."""
    m = np.arange(8) + 0.5
    slopes = np.array([-1.0, 1.0, 0.0])
    signs, steps = np.array([1.0, -1.0]), np.array(STEPS)
    moved = m + slopes[:, None, None, None] * signs[:, None, None] * steps[:, None]
    return Table(("a", "b"), np.stack([m, -m], -1), np.stack([moved, -moved], -1), STEPS)


def test_distances_are_where_the_margin_crosses_zero() -> None:
    found = table().distances(0, 1)
    expected = np.where(np.arange(8) < 3, np.arange(8) + 0.5, np.inf)
    assert found[0] == pytest.approx(expected)
    assert found[1] == pytest.approx(expected)  # the other way
    assert np.isinf(found[2]).all()


def test_at_a_probability_a_flip_lies_where_it_is_reached() -> None:
    """Log odds (m, -m) are a logit of -2 m for b: .95 takes half of its logit more than a flip."""
    sure = replace(table(), probability=0.95)
    beyond = np.log(0.95 / 0.05) / 2
    away = np.arange(8) + 0.5 + beyond
    assert sure.distances(0, 1)[0] == pytest.approx(np.where(away < 3, away, np.inf))
    assert sure.distances(0, None)[0] == pytest.approx(np.where(away < 3, away, np.inf))
    half = replace(table(), probability=0.5)
    assert half.distances(0, 1) == pytest.approx(table().distances(0, 1))


def test_among_many_classes_the_likeliest_may_still_be_unsure() -> None:
    """Moved by 1 SD, b is ahead of three others by one: a probability of e / (e + 3)."""
    still = np.array([[2.0, 0, 0, 0]])
    moved = np.array([0.0, 1, 0, 0])[None, None, None, None].repeat(2, 1)
    reached = np.e / (np.e + 3)
    for probability, flips in ((0.0, True), (reached - 0.01, True), (reached + 0.01, False)):
        seen = Table(("a", "b", "c", "d"), still, moved, (1.0,), probability)
        assert np.isfinite(seen.distances(0, 1)[0, 0]) == flips
        assert np.isfinite(seen.distances(0, None)[0, 0]) == flips


def test_a_margin_that_comes_back_counts_where_it_first_crosses() -> None:
    still = np.array([[1.0, -1.0]])
    path = np.array([-1.0, 3.0, 3.0])
    moved = np.stack([path, -path], -1)[None, None, :, None].repeat(2, 1)
    assert Table(("a", "b"), still, moved, STEPS).distances(0, 1)[0, 0] == pytest.approx(0.5)


def test_rows_tell_shares_and_medians_of_everyone_and_of_subgroups() -> None:
    named = [Named(finding_set="s", index=i) for i in range(3)]
    members = np.stack([np.ones(8, bool), np.arange(8) < 4, np.arange(8) >= 4])
    rows = list(table().rows(named, Groups(("", "x +", "x -"), members), pairs=4))
    first = [row for row in rows if row.finding.index == 0 and row.target == "b"]
    assert [row.group for row in first] == ["", "x +", "x -"]
    assert [row.share for row in first] == pytest.approx([3 / 8, 3 / 4, 0])
    assert first[0].median_sd == pytest.approx(1.5)
    assert first[2].median_sd is None
    assert all(row.finding.index != 2 for row in rows)
