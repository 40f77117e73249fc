"""Sources in dense cells whose flip leads into a rare one, and edits that flip."""

import numpy as np
import pytest

from directrix.correction import Goal, Reader, goals, partners, search, study
from directrix.types import Space
from tests.unit.correction.correlated import correlated_world

CUTS = np.zeros(2)


def entangled(correlation: float = 0.85, count: int = 1024) -> np.ndarray:
    problem = correlated_world(correlation).problem(count=count)
    (scores,) = problem.population.scores.values()
    return scores


def test_partners_are_the_entangled_ones() -> None:
    assert partners(study(entangled(), CUTS), 0, 0.5) == (1,)
    assert partners(study(entangled(0.0), CUTS), 0, 0.5) == ()


def test_sources_lie_where_a_flip_leads_into_a_rare_cell() -> None:
    scores = entangled()
    goal = goals(scores, CUTS, study(scores, CUTS), 0, 60, 0.5, 0.5, seed=1)
    chosen = scores[goal.rows]
    assert len(goal.rows) == 60
    assert np.array_equal(np.sort(np.unique(goal.rows)), np.sort(goal.rows))
    assert goal.sides.sum() == 0
    assert np.array_equal(chosen[:, 0] > 0, chosen[:, 1] > 0)  # from the dense cells
    assert np.array_equal(goal.sides > 0, chosen[:, 0] < 0)
    assert goal.partners == (1,)


def test_the_target_is_reflected_and_the_rest_is_wanted_as_it_is() -> None:
    scores = entangled()
    goal = goals(scores, CUTS, study(scores, CUTS), 0, 60, 0.5, 0.5, seed=1)
    far = np.abs(scores[goal.rows, 0]) > 0.75 * scores[:, 0].std()
    assert goal.wanted[far, 0] == pytest.approx(-scores[goal.rows[far], 0])
    assert goal.wanted[:, 1] == pytest.approx(scores[goal.rows, 1])
    assert goal.flipped(goal.wanted).all()
    assert not goal.flipped(scores[goal.rows]).any()


def test_kept_means_the_partner_and_the_mean_of_all() -> None:
    rows, wanted = np.arange(3), np.zeros((3, 4))
    goal = Goal(rows, np.ones(3), wanted, 0, (1,), 0.0, 0.5)
    scores = np.array([[9, 0.4, 0, 0], [9, 0.6, 0, 0], [9, 0.1, 2, 0.0]])
    assert goal.kept(scores, np.ones(4), 0.5).tolist() == [True, False, False]
    assert goal.kept(scores, np.array([1, 1, 0, 0]), 0.5).tolist() == [True, False, True]


def test_search_takes_the_smallest_strength_that_flips() -> None:
    problem = correlated_world().problem()
    reader = Reader(problem.generator, problem.networks, Space.W)
    sources = np.zeros((3, 16), np.float32)
    sources[:, 0] = -0.6, -1.6, -9.0
    goal = Goal(np.arange(3), np.ones(3), np.zeros((3, 2)), 0, (), 0.0, 0.5)

    def edit(rows: np.ndarray, strengths: np.ndarray) -> np.ndarray:
        moved = sources[rows].copy()
        moved[:, 0] += strengths
        return moved

    edited, alphas = search(reader, edit, goal)
    assert alphas.tolist() == [1.5, 2.5, 0.0]
    assert edited[:, 0] == pytest.approx([0.9, 0.9, -3.0], abs=1e-5)
