"""Scores of a population as a correction takes them."""

from dataclasses import replace

import numpy as np
import pytest

from directrix.correction import population_scores
from directrix.errors import NeedsUnmet
from tests.unit.correction.correlated import correlated_world


def test_scores_of_all_predictors_side_by_side() -> None:
    problem = correlated_world().problem(count=64)
    assert problem.population is not None
    (scores,) = problem.population.scores.values()
    assert np.array_equal(population_scores(problem), scores)


def test_a_predictor_without_scores_is_named() -> None:
    problem = correlated_world().problem(count=64)
    assert problem.population is not None
    bare = replace(problem, population=replace(problem.population, scores={}))
    with pytest.raises(NeedsUnmet, match=problem.predictors[0].name):
        population_scores(bare)
