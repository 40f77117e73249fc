"""Measures of a face drawn with ruler and compasses, turned, moved and stretched."""

import numpy as np
import pytest
import torch
from torch import Tensor

from directrix.predictors.face_geometry import MEASURES, Frame, mirror, trust
from tests.contract.face_points import schematic

GREY = torch.zeros(1, 3, 4, 4)


def face(lift: float = 0.0, gap: float = 0.02) -> Tensor:
    return torch.from_numpy(schematic(lift, gap))[None]


def measure(name: str, points: Tensor, images: Tensor = GREY) -> float:
    return float(MEASURES[name].of(Frame(points), images))


def turned(points: Tensor, degrees: float, size: float = 0.6, by: float = 0.1) -> Tensor:
    """Turned clockwise in the picture about its middle, made smaller, moved."""
    t = np.radians(degrees)
    turn = torch.tensor([[np.cos(t), np.sin(t)], [-np.sin(t), np.cos(t)]])
    return (points - 0.5) @ turn * size + 0.5 + by


def test_lengths_are_told_in_distances_between_the_eyes():
    assert measure("mouth-width", face()) == pytest.approx(0.28 / 0.36)
    assert measure("pitch", face()) == pytest.approx(-0.02 / 0.36)
    assert measure("brow-height", face()) == pytest.approx(0.1 / 0.36)
    assert measure("chin-length", face()) == pytest.approx(0.18 / 0.36)


def test_a_symmetric_upright_face_looks_ahead():
    assert measure("yaw", face()) == pytest.approx(0, abs=1e-4)
    assert measure("roll", face()) == pytest.approx(0, abs=1e-4)


def test_the_nose_moved_to_the_pictures_right_is_a_positive_yaw_and_negative_in_the_mirror():
    points = face()
    points[:, 27:36, 0] += 0.05
    assert measure("yaw", points) > 5
    assert measure("yaw", mirror(points)) == pytest.approx(-measure("yaw", points), abs=1e-4)


def test_the_mouth_opens_and_smiles():
    assert measure("mouth-open", face(gap=0.05)) == pytest.approx(
        measure("mouth-open", face()) * 2.5
    )
    assert measure("smile", face(lift=0.036)) == pytest.approx(measure("smile", face()) + 0.1)


def test_open_lids_and_a_wide_jaw():
    points = face()
    points[:, [37, 38, 43, 44], 1] -= 0.018
    assert measure("eye-openness", points) == pytest.approx(measure("eye-openness", face()) + 0.05)
    points[:, 12, 0] += 0.036
    assert measure("jaw-width", points) > measure("jaw-width", face()) + 0.09


def test_brightness_is_the_share_of_white():
    assert measure("brightness", face(), torch.full((1, 3, 4, 4), 0.5)) == pytest.approx(0.75)


@pytest.mark.parametrize("name", [name for name in MEASURES if name != "roll"])
def test_place_size_and_turn_in_the_plane_change_nothing(name):
    assert measure(name, turned(face(0.02), 15)) == pytest.approx(
        measure(name, face(0.02)), abs=1e-4
    )


def test_a_head_leaning_to_the_pictures_right_rolls_by_its_angle():
    assert measure("roll", turned(face(), 15)) == pytest.approx(15, abs=1e-4)


def test_mirroring_twice_changes_nothing_and_once_keeps_a_symmetric_face():
    torch.testing.assert_close(mirror(mirror(turned(face(), 15))), turned(face(), 15))
    torch.testing.assert_close(mirror(face()), face())


def test_points_are_believed_when_laid_out_like_a_face_and_twice_the_same():
    points = face()
    upside_down = points.clone()
    upside_down[:, 48:] -= 0.5
    faces = torch.cat([points, upside_down, points])
    mirrored = torch.cat([points, upside_down, points + torch.tensor([0.1, 0.0])])
    assert (trust(faces, mirrored) > 0).tolist() == [True, False, False]


def test_trust_falls_by_as_much_as_the_two_views_come_apart():
    apart = [face() + torch.tensor([shift, 0.0]) for shift in (0.01, 0.02)]
    near, far = (float(trust(face(), points)) for points in apart)
    unit = float(Frame(face()).unit)
    assert near - far == pytest.approx(0.01 / unit, rel=0.02)


@pytest.mark.parametrize("name", MEASURES)
def test_points_that_fall_together_give_finite_values_and_slopes(name):
    points = torch.full((1, 68, 2), 0.5, requires_grad=True)
    value = MEASURES[name].of(Frame(points), GREY.clone().requires_grad_(True))
    assert torch.isfinite(value).all()
    if name != "brightness":
        (slope,) = torch.autograd.grad(value.sum(), points)
        assert torch.isfinite(slope).all()
