"""Spreads: of Z in closed form, of W and S as units are measured."""

import numpy as np
import pytest

from directrix.errors import Cancelled
from directrix.population import coordinate_deviation
from directrix.rendering.spread import measure
from directrix.types import Space
from tests.contract.toys import DIMENSION, linear_world, style_world


def test_z_is_its_own_axes() -> None:
    spread = linear_world().renderer.spread(Space.Z)
    assert np.array_equal(spread.axes, np.eye(DIMENSION))
    assert np.array_equal(spread.deviations, np.ones(DIMENSION))


@pytest.mark.parametrize("space", [Space.W, Space.S])
def test_deviations_are_those_that_findings_are_measured_in(space: Space) -> None:
    world = style_world()
    found = world.renderer.spread(space).deviations
    np.testing.assert_allclose(found, coordinate_deviation(world.generator, space), rtol=1e-5)


def test_axes_are_uncorrelated_and_one_sd_long() -> None:
    world = linear_world(w_dim=DIMENSION)
    spread = world.renderer.spread(Space.W)
    assert spread.axes is not None and spread.inverse is not None
    away = world.renderer.sample(9, 0, 4000, Space.W).values - spread.mean
    covariance = np.cov((away @ spread.inverse).T)
    np.testing.assert_allclose(covariance, np.eye(DIMENSION), atol=0.08)
    np.testing.assert_allclose(spread.axes @ spread.inverse, np.eye(DIMENSION), atol=1e-6)
    lengths = np.linalg.norm(spread.axes, axis=1)
    assert (np.diff(lengths) <= 0).all()


def test_measuring_can_be_stopped_and_is_done_once() -> None:
    world = style_world()

    def stop() -> None:
        raise Cancelled("enough")

    with pytest.raises(Cancelled):
        measure(world.generator, Space.S, stop)
    renderer = world.renderer
    assert renderer.spread(Space.W) is renderer.spread(Space.W, stop)
