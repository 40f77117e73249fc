"""Spread: where the population of a latent space lies and how wide it is."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from directrix import population
from directrix.generators import Generator
from directrix.types import Space

ROWS = 128
"""Samples between two looks at whether to stop."""

LEAST = 1e-8
"""Share of the largest variance below which an axis stands still."""


@dataclass(frozen=True, eq=False)
class Spread:
    """Of 10 000 samples at truncation 1, those that units are measured on; in Z of the prior.

    mean, deviations: [d], of every coordinate. axes: [d, d], rows: uncorrelated steps of one SD
    each, longest first: u = mean + alphas . axes. inverse: [d, d], back to the alphas. Both are
    None in S.
    """

    mean: np.ndarray
    deviations: np.ndarray
    axes: np.ndarray | None
    inverse: np.ndarray | None


def measure(generator: Generator, space: Space, stop: Callable[[], None]) -> Spread:
    """Of Z, W or S; a layer of W+ is spread as W is. stop is called between samples, may raise.

    Raises SpaceUnavailable.
    """
    width = generator.dimension(space)
    if space is Space.Z:
        return Spread(np.zeros(width), np.ones(width), np.eye(width), np.eye(width))
    whole = space is Space.W
    total, squares = np.zeros(width), np.zeros((width, width) if whole else width)
    origin = np.zeros(width)
    for start in range(0, population.DEVIATION_SAMPLES, ROWS):
        stop()
        count = min(ROWS, population.DEVIATION_SAMPLES - start)
        points = _points(generator, space, start, count)
        origin = points.mean(0) if start == 0 else origin
        points = points - origin
        total += points.sum(0)
        squares += points.T @ points if whole else np.square(points).sum(0)
    mean = total / population.DEVIATION_SAMPLES
    squares = squares / population.DEVIATION_SAMPLES
    if not whole:
        return Spread(mean + origin, np.sqrt(np.maximum(squares - mean**2, 0)), None, None)
    covariance = squares - np.outer(mean, mean)
    variances, vectors = np.linalg.eigh(covariance)
    variances, vectors = variances[::-1], vectors[:, ::-1]
    vectors = vectors * np.sign(vectors[np.abs(vectors).argmax(0), np.arange(width)])
    alive = variances > LEAST * variances[0]
    lengths = np.sqrt(np.where(alive, variances, 0))
    back = np.divide(1, lengths, out=np.zeros(width), where=alive)
    deviations = np.sqrt(np.maximum(np.diag(covariance), 0))
    return Spread(mean + origin, deviations, (vectors * lengths).T, vectors * back)


@torch.inference_mode()
def _points(generator: Generator, space: Space, start: int, count: int) -> np.ndarray:
    z = population.latents(population.DEVIATION_SEED, start, count, generator.dimension(Space.Z))
    rows = generator.convert(torch.from_numpy(z).to(generator.device), Space.Z, space)
    return rows.cpu().numpy().astype(np.float64)
