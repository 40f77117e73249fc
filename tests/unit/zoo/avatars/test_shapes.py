"""Distances of shapes at points where they are known."""

import numpy as np
import pytest

from directrix.zoo.avatars import shapes


def at(*numbers: float) -> np.ndarray:
    return np.array(numbers, np.float32)


def test_distances_at_known_points():
    circle = shapes.ellipse(at(0.5, 0.6, 0.3), at(0, 0, 0.4), at(0.5), at(0.5))
    assert circle == pytest.approx([0, 0.1, 0], abs=0.011)
    line = shapes.stroke(at(0, 0.5, 2), at(0.3, 0.1, 0), (0.0, 0.0), (1.0, 0.0), 0.1)
    assert line == pytest.approx([0.2, 0, 0.9], abs=1e-6)
    square = shapes.box(at(0, 0.8, 0.8), at(0, 0, 0.9), at(0.5), at(0.5), 0.0)
    assert square == pytest.approx([-0.5, 0.3, 0.5], abs=1e-6)


def test_a_bent_lens_has_its_corners_higher_than_its_middle():
    middle = shapes.lens(at(0, 0), at(0.04, -0.06), at(0.1), at(0.05), at(0.3))
    assert middle == pytest.approx([-0.05, 0.05], abs=1e-6)
    beyond = shapes.lens(at(2.0), at(-0.36), at(0.1), at(0.05), at(0.3))
    assert beyond == pytest.approx([0.3], abs=1e-6)


def test_coverage_of_a_pixel_cut_in_half_and_of_whole_ones():
    pixel = 2 / 32
    assert shapes.coverage(at(0, -pixel, pixel, pixel / 4), 32) == pytest.approx([0.5, 1, 0, 0.25])


def test_pixel_centres_are_even():
    x, y = shapes.pixels(4)
    assert x.ravel().tolist() == [-0.75, -0.25, 0.25, 0.75]
    assert (x.shape, y.shape) == ((1, 1, 4), (1, 4, 1))
