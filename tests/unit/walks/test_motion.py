"""Moves of every kind of finding, with every walk, by hand."""

import numpy as np
import pytest

from directrix.types import (
    Direction,
    Field,
    FieldForm,
    Intervention,
    Operation,
    Space,
    Subspace,
    Walk,
)
from directrix.walks import LIMIT, Motion

U = np.array([1, 2, 2], np.float32)
EAST = Direction(Space.Z, np.array([1.0, 0, 0]), scale=0.5)
PLANE = Subspace(Space.Z, np.eye(3)[:2], scales=np.array([2.0, 3.0]))
BOWL = {"centres": np.zeros((1, 3)), "widths": np.full(1, 0.1), "weights": np.ones(1)}
INWARDS = Field(Space.Z, FieldForm.RBF, BOWL, scale=0.5, steps=4)
SLOPE = {"w1": np.array([[0.0, 3, 4]]), "b1": np.zeros(1), "w2": np.ones(1)}


def setting(operation: Operation) -> Intervention:
    return Intervention(Space.Z, np.array([2, 0]), np.array([4.0, -1.0]), operation)


@pytest.mark.parametrize(
    ("finding", "coefficients", "wanted"),
    [
        (EAST, (), [1 + 2 * 0.5, 2, 2]),
        (PLANE, (0.5, -1.0), [1 + 2 * 0.5 * 2, 2 - 2 * 3, 2]),
        (Field(Space.Z, FieldForm.MLP, SLOPE, 0.5), (), [1, 2 + 0.6, 2 + 0.8]),
        (setting(Operation.SET), (), [1 + 2 * (-1 - 1), 2, 2 + 2 * (4 - 2)]),
        (setting(Operation.ADD), (), [1 + 2 * -1, 2, 2 + 2 * 4]),
        (setting(Operation.SCALE), (), [1 * (1 + 2 * -1), 2, 2 * (1 + 2 * 4)]),
    ],
)
def test_linear_moves_of_every_kind(finding, coefficients, wanted):
    moved = Motion(finding, alpha=2.0, coefficients=coefficients).apply(U)
    assert moved.dtype == np.float32
    np.testing.assert_allclose(moved, wanted, rtol=1e-6)


@pytest.mark.parametrize(
    ("finding", "coefficients"),
    [(EAST, ()), (PLANE, (0.5, -1.0)), (INWARDS, ()), (setting(Operation.ADD), ())],
)
@pytest.mark.parametrize("walk", [Walk.NORM_PRESERVING, Walk.GREAT_CIRCLE])
def test_walks_on_the_sphere_keep_the_length_of_every_kind(finding, coefficients, walk):
    moved = Motion(finding, 1.5, walk, coefficients).apply(U)
    assert np.linalg.norm(moved) == pytest.approx(3, rel=1e-6)


def test_a_great_circle_turns_by_alpha_scale_over_the_radius():
    moved = Motion(EAST, 2.0, Walk.GREAT_CIRCLE).apply(U)
    angle = np.arccos(moved @ U / 9)
    assert angle == pytest.approx(2 * 0.5 / 3, rel=1e-4)


def test_a_field_is_followed_in_steps():
    moved = Motion(INWARDS, 2.0).apply(U)
    np.testing.assert_allclose(moved, U * (3 - 1) / 3, rtol=1e-6)
    away = Motion(INWARDS, -2.0).apply(U)
    np.testing.assert_allclose(away, U * (3 + 1) / 3, rtol=1e-6)


def test_a_conditional_walk_leaves_its_conditions_alone():
    slanted = Direction(Space.Z, np.array([0.6, 0.8, 0]), scale=0.5)
    conditions = np.array([[1.0, 0, 0]])
    moved = Motion(slanted, 2.0, Walk.CONDITIONAL, conditions=conditions).apply(U)
    np.testing.assert_allclose(moved, [1, 2 + 1, 2], rtol=1e-6)


def test_a_conditional_field_does_not_step_where_nothing_is_left():
    steep = Field(Space.Z, FieldForm.MLP, SLOPE, 0.5)
    conditions = np.array([[0.0, 0.6, 0.8]])
    assert Motion(steep, 2.0, Walk.CONDITIONAL, conditions=conditions).apply(U).tolist() == [
        1,
        2,
        2,
    ]


def test_a_finding_of_w_moves_the_chosen_rows_of_w_plus():
    point = np.tile(U, (3, 1))
    every = Motion(EAST, 2.0).apply(point)
    assert every[:, 0].tolist() == [2, 2, 2]
    chosen = Motion(EAST, 2.0, layers=(1,)).apply(point)
    assert chosen[:, 0].tolist() == [1, 2, 1]
    assert point[:, 0].tolist() == [1, 1, 1]


def test_a_direction_of_w_plus_has_a_vector_for_every_row():
    vector = np.zeros((3, 3))
    vector[0, 1], vector[2, 2] = 0.6, 0.8
    finding = Direction(Space.W_PLUS, vector, scale=1.0)
    point = np.tile(U, (3, 1))
    moved = Motion(finding, 10.0).apply(point)
    np.testing.assert_allclose(moved - point, 10 * vector, rtol=1e-6)
    only = Motion(finding, 10.0, layers=(2,)).apply(point)
    np.testing.assert_allclose((only - point)[2], [0, 0, 8], rtol=1e-6)
    assert np.array_equal(only[:2], point[:2])


def test_nothing_leaves_the_range_that_networks_bear():
    stretch = Intervention(Space.Z, np.array([0]), np.array([1e30]), Operation.SCALE)
    assert Motion(stretch, 100.0).apply(U).tolist() == [LIMIT, 2, 2]
