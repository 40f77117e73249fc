"""Where single coordinates mean nothing: isotropic priors, and generators that normalise z."""

import numpy as np
import pytest
import torch

from directrix.methods.intervention import InterventionParams, SequentialIntervention
from directrix.methods.sensitivity import Sensitivity, SensitivityParams
from directrix.metrics import gini, rotation_test
from directrix.types import Space
from tests.contract.toys import DIMENSION, linear_world, style_world

ROTATIONS = 200


def chance(seed: int) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(seed))


@pytest.mark.parametrize("seed", range(5))
def test_a_reading_in_no_particular_place_is_no_sparser_than_rotated(seed: int) -> None:
    """The prior is isotropic: the basis of a dense reading is one among all rotations."""
    reading = chance(seed).standard_normal((1, DIMENSION)) / 3
    analysis = Sensitivity(
        SensitivityParams(measure="score", samples=16, epochs=1, batch=16)
    ).analyse(linear_world(reading).problem())
    slopes = np.tile(reading[:, None], (1, 4, 1))
    test = rotation_test(slopes, np.eye(DIMENSION), ROTATIONS, seed)
    assert test.percentiles()[0] < 99
    assert gini(analysis.importance) < np.quantile(test.rotated, 0.99)


def test_a_planted_coordinate_is_sparser_than_rotated() -> None:
    reading = np.eye(DIMENSION)[:1] + 0.02
    slopes = np.tile(reading[:, None], (1, 4, 1))
    assert rotation_test(slopes, np.eye(DIMENSION), ROTATIONS, 1).percentiles()[0] > 99


def test_a_generator_that_normalises_z_gives_the_same_image_at_any_length() -> None:
    """So coordinates of z are coupled: a larger one is a smaller rest."""
    generator = style_world().generator
    z = torch.tensor(chance(1).standard_normal((4, DIMENSION)), dtype=torch.float32)
    w = generator.convert(z, Space.Z, Space.W)
    assert torch.allclose(w, generator.convert(3 * z, Space.Z, Space.W), atol=1e-5)
    moved = z.clone()
    moved[:, 0] *= 10_000
    alone = torch.zeros_like(z)
    alone[:, 0] = z[:, 0]
    far, only = (generator.convert(points, Space.Z, Space.W) for points in (moved, alone))
    assert torch.allclose(far, only, atol=0.05)


def test_coordinates_are_taken_in_w_unless_z_is_asked_for() -> None:
    problem = style_world().problem()
    for method in (
        SequentialIntervention(InterventionParams(samples=4)),
        Sensitivity(SensitivityParams(samples=4, epochs=1)),
    ):
        assert method.analyse(problem).space is Space.W
