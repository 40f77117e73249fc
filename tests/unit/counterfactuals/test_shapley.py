"""Shapley values of games whose values are known by hand."""

import numpy as np
import pytest

from directrix.counterfactuals.shapley import shapley, subsets


def test_subsets_are_all_of_them_once():
    found = {tuple(row) for row in subsets(3)}
    assert len(found) == 8
    assert not subsets(3)[0].any() and subsets(3)[-1].all()


def test_what_adds_up_is_each_ones_own():
    worth = np.array([1.0, -2.0, 0.5])
    assert shapley(lambda members: members @ worth, 3) == pytest.approx(worth)


def test_what_takes_all_is_shared():
    """Worth something only together: each a third."""
    assert shapley(lambda members: members.all(1) * 6.0, 3) == pytest.approx([2, 2, 2])


def test_a_glove_game():
    """One left glove, two right ones (Shapley's own example): 2/3, 1/6, 1/6."""
    found = shapley(lambda m: (m[:, 0] & (m[:, 1] | m[:, 2])).astype(float), 3)
    assert found == pytest.approx([2 / 3, 1 / 6, 1 / 6])


def test_contributions_sum_to_the_whole_change():
    worth = np.random.Generator(np.random.Philox(1)).standard_normal(2**6)
    found = shapley(lambda members: worth, 6)
    assert found.sum() == pytest.approx(worth[-1] - worth[0])
