"""A linear world in float64, for what has to be exact."""

import numpy as np
import torch

from directrix.discovery import Problem
from directrix.generators.linear import LinearGenerator
from directrix.predictors.linear import LinearPredictor
from directrix.types import Space
from tests.contract.toys import World


class PreciseGenerator(LinearGenerator):
    """Computes in float64 whatever it is given."""

    def synthesise(self, latents, space, *more, **named):
        return super().synthesise(latents.double(), space, *more, **named)


def matrices(world: World) -> tuple[np.ndarray, np.ndarray]:
    """A [pixels, d] and B [K, pixels] of a linear world, float64."""
    matrix = world.generator.weights(Space.Z)[0].double().numpy()
    shape = (world.generator.card.image.channels, *_size(world))
    pixels = torch.eye(len(matrix)).reshape(-1, *shape)
    reader = world.predictor.scores(pixels) - world.predictor.scores(torch.zeros(1, *shape))
    return matrix, reader.T.double().numpy()


def exact(world: World) -> Problem:
    """The same generator and predictor, in float64."""
    matrix, reader = matrices(world)
    cpu = torch.device("cpu")
    tensors = {"A": torch.from_numpy(matrix), "b": torch.zeros(len(matrix)).double()}
    generator = PreciseGenerator(world.generator.card, tensors, cpu)
    offset = torch.zeros(len(reader)).double()
    predictor = LinearPredictor(world.predictor.card, torch.from_numpy(reader), offset, cpu)
    return Problem(generator, (predictor.card,), networks=(predictor,), seed=3)


def _size(world: World) -> tuple[int, int]:
    image = world.generator.card.image
    return image.height, image.width
