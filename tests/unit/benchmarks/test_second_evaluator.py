"""What the second evaluator reads off a mesh, worked out by hand."""

import numpy as np
import pytest

from tests.benchmarks.second_evaluator import CORNERS, EYES, INNER_LIPS, POINTS, read_mesh

CHIN, TOP = 152, 10
CENTRE = np.array([96, 96, 0])


def mesh() -> np.ndarray:
    """A flat face that looks ahead: eyes 60 apart, mouth 48 wide and 6 open, corners 3 up."""
    points = np.zeros((1, POINTS, 3))
    points[0, list(EYES[0])] = (66, 80, 0)
    points[0, list(EYES[1])] = (126, 80, 0)
    points[0, TOP], points[0, CHIN] = (96, 30, 0), (96, 170, 0)
    points[0, list(INNER_LIPS)] = [(96, 130, 0), (96, 136, 0)]
    points[0, list(CORNERS)] = [(72, 130, 0), (120, 130, 0)]
    return points


def turned(degrees: float, first: int, second: int) -> np.ndarray:
    """Turned about the picture's middle from one axis towards another."""
    t = np.radians(degrees)
    points = mesh() - CENTRE
    a, b = points[..., first].copy(), points[..., second].copy()
    points[..., first], points[..., second] = (
        a * np.cos(t) - b * np.sin(t),
        a * np.sin(t) + b * np.cos(t),
    )
    return points + CENTRE


def read(points: np.ndarray) -> dict[str, float]:
    return {name: float(value[0]) for name, value in read_mesh(points).items()}


def test_a_face_ahead_is_told_in_distances_between_the_eyes():
    assert read(mesh()) == pytest.approx(
        {"yaw": 0, "pitch": 0, "mouth-open": 0.1, "mouth-width": 0.8, "smile": 0.85}
    )


def test_yaw_is_the_turn_about_the_vertical_and_nothing_else_changes():
    found = read(turned(20, 0, 2))
    assert found["yaw"] == pytest.approx(20)
    assert found["smile"] == pytest.approx(0.85)
    assert found["mouth-width"] == pytest.approx(0.8)


def test_the_chin_up_and_towards_the_camera_is_a_positive_pitch():
    up = mesh()
    up[0, CHIN, 2] = -140 * np.tan(np.radians(10))
    assert read(up)["pitch"] == pytest.approx(10)


def test_a_turn_in_the_plane_changes_no_length():
    found = read(turned(25, 0, 1))
    assert found["smile"] == pytest.approx(0.85)
    assert found["mouth-open"] == pytest.approx(0.1)
