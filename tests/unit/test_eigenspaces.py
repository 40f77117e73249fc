"""Constrained eigenspaces against what is known by hand."""

import numpy as np
import pytest

from directrix.eigenspaces import (
    Constraint,
    combined,
    early,
    hardly_moved,
    intersect,
    late,
    penalty,
    soft,
)

DIMENSION = 7


def gram(rows: int, seed: int) -> np.ndarray:
    matrix = np.random.Generator(np.random.Philox(seed)).standard_normal((rows, DIMENSION))
    return matrix.T @ matrix


def test_early_is_the_exact_constrained_maximum() -> None:
    target, held = gram(20, 0), gram(3, 1)
    found = early(target, [Constraint(held, 1e-6)])
    assert found.free == DIMENSION - 3
    assert held @ found.vectors == pytest.approx(0, abs=1e-9)
    assert found.vectors.T @ found.vectors == pytest.approx(np.eye(found.free), abs=1e-12)
    along = np.einsum("dk,de,ek->k", found.vectors, target, found.vectors)
    assert along == pytest.approx(found.values)
    chance = np.random.Generator(np.random.Philox(2)).standard_normal((found.free, 500))
    others = found.vectors @ (chance / np.linalg.norm(chance, axis=0))
    assert np.einsum("dk,de,ek->k", others, target, others).max() <= found.values[0]


def test_late_has_unit_columns_and_leaks_nothing() -> None:
    """The released code scaled rows instead: energy then leaks out of the space."""
    target, held = gram(20, 0), gram(3, 1)
    found = late(target, [Constraint(held, 1e-6)])
    assert np.linalg.norm(found.vectors, axis=0) == pytest.approx(1)
    assert held @ found.vectors == pytest.approx(0, abs=1e-9)
    assert found.values == pytest.approx(np.linalg.eigvalsh(target)[::-1])


def test_late_is_early_where_the_matrices_commute() -> None:
    target, held = np.diag([7.0, 6, 5, 4, 3, 2, 1]), np.diag([1.0, 0, 1, 0, 0, 0, 0])
    first, second = (form(target, [Constraint(held, 0.1)]) for form in (early, late))
    assert np.abs(first.vectors) == pytest.approx(np.abs(second.vectors))
    assert first.values == pytest.approx([6, 4, 3, 2, 1])
    assert second.values == pytest.approx([6, 4, 3, 2, 1])


def test_combined_holds_both_sets() -> None:
    target, one, other = gram(20, 0), gram(2, 1), gram(1, 2)
    found = combined(target, [Constraint(one, 1e-6)], [Constraint(other, 1e-6)])
    assert found.dimensions == (DIMENSION - 2, DIMENSION - 1)
    assert found.free == DIMENSION - 3
    assert other @ found.vectors == pytest.approx(0, abs=1e-9)
    assert np.linalg.norm(found.vectors, axis=0) == pytest.approx(1)


def test_soft_solves_the_generalised_problem() -> None:
    target, held = gram(20, 0), gram(3, 1)
    constraints = [Constraint(held, 0.01)]
    found = soft(target, constraints)
    right = penalty(DIMENSION, constraints) @ found.vectors * found.values
    assert target @ found.vectors == pytest.approx(right)
    assert np.linalg.norm(found.vectors, axis=0) == pytest.approx(1)


def test_soft_tends_to_early_as_the_ratio_falls() -> None:
    target, held = gram(20, 0), gram(3, 1)
    hard = early(target, [Constraint(held, 1e-6)]).vectors[:, 0]
    near = [soft(target, [Constraint(held, r)]).vectors[:, 0] for r in (1e-1, 1e-4, 1e-8)]
    cosines = [abs(hard @ vector) for vector in near]
    assert cosines == sorted(cosines)
    assert cosines[-1] == pytest.approx(1, abs=1e-6)


def test_an_empty_space_has_no_column() -> None:
    found = early(gram(20, 0), [Constraint(np.eye(DIMENSION), 0.01)])
    assert (found.free, found.vectors.shape) == (0, (DIMENSION, 0))


def test_a_criterion_that_never_moves_holds_nothing() -> None:
    basis, spectrum = hardly_moved(Constraint(np.zeros((DIMENSION, DIMENSION)), 0.01))
    assert basis.shape == (DIMENSION, DIMENSION)
    assert spectrum == pytest.approx(0)


def test_intersection_of_none_is_everything() -> None:
    assert intersect([], 3) == pytest.approx(np.eye(3))
    planes = [np.eye(3)[:, [0, 1]], np.eye(3)[:, [1, 2]]]
    assert np.abs(intersect(planes, 3)) == pytest.approx(np.array([[0.0], [1], [0]]))
