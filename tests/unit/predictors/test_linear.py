"""The linear predictor: it reads planted directions off a linear generator's images."""

import numpy as np
import torch

from directrix import generators, predictors
from directrix.generators import linear as linear_generator
from directrix.population import latents
from directrix.predictors import linear
from directrix.types import Space
from tests.contract.models import CPU, GREY


def test_scores_are_b_x_plus_c():
    arrays = {
        "B": np.eye(2, 144, k=1, dtype=np.float32),
        "c": np.array([1, -1], np.float32),
    }
    reader = predictors.build(linear.card("by-hand", GREY, ("p", "q")), arrays, CPU)
    image = torch.arange(144.0).reshape(1, 1, 12, 12)
    assert reader.scores(image).tolist() == [[1 + 1, 2 - 1]]


def test_it_reads_directions_off_the_images():
    arrays, axes = linear_generator.planted([3.0, 2.0, 1.0], pixels=144, seed=1)
    arrays["b"] = np.linspace(-0.1, 0.1, 144, dtype=np.float32)
    network = generators.build(linear_generator.card("planted", GREY, z_dim=3), arrays, CPU)
    directions = np.stack([axes[1], (axes[0] + axes[2]) / np.sqrt(2)])
    reader = predictors.build(
        linear.card("reader", GREY, ("one", "two")), linear.reading(arrays, directions), CPU
    )
    z = latents(0, 0, 5, 3)
    scores = reader.scores(network.synthesise(torch.from_numpy(z), Space.Z))
    np.testing.assert_allclose(scores.numpy(), z @ directions.T, atol=1e-4)
