"""Walks of a point: lengths, angles, and what stays where it was."""

import numpy as np
import pytest

from directrix.walks.paths import great_circle, linear, norm_preserving, orthonormal, without


def test_linear_adds():
    assert linear(np.array([1.0, 2]), np.array([3.0, -1])).tolist() == [4, 1]


def test_norm_preserving_keeps_the_length():
    moved = norm_preserving(np.array([3.0, 0]), np.array([0.0, 3]))
    np.testing.assert_allclose(moved, [3 / np.sqrt(2), 3 / np.sqrt(2)])
    u = np.array([1.0, -2.0])
    assert norm_preserving(u, -u).tolist() == u.tolist()


def test_a_great_circle_goes_an_arc_of_the_displacements_length():
    u = np.array([2.0, 0, 0])
    quarter = great_circle(u, np.array([0, np.pi, 0]))
    np.testing.assert_allclose(quarter, [0, 2, 0], atol=1e-12)
    oblique = great_circle(u, np.pi / np.sqrt(2) * np.array([1.0, 0, 1]))
    np.testing.assert_allclose(oblique, [0, 0, 2], atol=1e-12)
    back = great_circle(u, np.array([0, -2 * np.pi, 0]))
    np.testing.assert_allclose(back, [-2, 0, 0], atol=1e-12)


def test_a_great_circle_needs_a_plane():
    u = np.array([1.0, 2.0])
    assert great_circle(u, 3 * u).tolist() == u.tolist()
    assert great_circle(np.zeros(2), u).tolist() == u.tolist()
    assert great_circle(u, np.zeros(2)).tolist() == u.tolist()


def test_a_small_arc_is_a_straight_line():
    u, d = np.array([1.0, 0]), np.array([0, 1e-5])
    np.testing.assert_allclose(great_circle(u, d), linear(u, d), atol=1e-9)


def test_conditions_are_orthonormalised():
    basis = orthonormal(np.array([[2.0, 0, 0], [1, 1, 0], [3, 1, 0]]))
    np.testing.assert_allclose(basis @ basis.T, np.eye(2), atol=1e-12)
    assert np.abs(basis[:, 2]).max() == 0


def test_what_is_left_without_conditions_keeps_its_length():
    conditions = orthonormal(np.array([[1.0, 0, 0], [1, 1, 0]]))
    rest = without(np.array([3.0, 4, 12]), conditions)
    np.testing.assert_allclose(rest, [0, 0, 13], atol=1e-12)
    assert without(np.zeros(3), conditions).tolist() == [0, 0, 0]


@pytest.mark.parametrize(("share", "separable"), [(0.06, True), (0.04, False)])
def test_less_than_a_twentieth_is_not_separable(share, separable):
    d = np.array([np.sqrt(1 - share**2), share])
    assert (without(d, np.array([[1.0, 0]])) is not None) is separable
