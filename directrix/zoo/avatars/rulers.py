"""How well a predictor reads avatars, and how near two populations of them are."""

import numpy as np
import torch
from torch import Tensor

from directrix.generators import Generator
from directrix.population import latents
from directrix.predictors import Predictor
from directrix.predictors.segmenter import SegmenterPredictor
from directrix.types import Space
from directrix.zoo.avatars.factors import BINARY, DIALLED, NAMES, phi
from directrix.zoo.avatars.renderer import Avatars
from directrix.zoo.avatars.supervision import classes

BATCH = 250


@torch.inference_mode()
def generated(generator: Generator, seed: int, count: int) -> Tensor:
    """Pictures [count, 3, H, W] of the population at truncation 1, clamped to [-1, 1]."""
    z = torch.from_numpy(latents(seed, 0, count, generator.dimension(Space.Z)))
    parts = [generator.synthesise(rows, Space.Z).clamp(-1, 1) for rows in z.split(BATCH)]
    return torch.cat(parts)


@torch.inference_mode()
def read(predictor: Predictor, images: Tensor) -> np.ndarray:
    """Scores [N, K]."""
    return torch.cat([predictor.scores(rows) for rows in images.split(BATCH)]).numpy()


@torch.inference_mode()
def labels(segmenter: SegmenterPredictor, images: Tensor) -> np.ndarray:
    """The likeliest part of each pixel: [N, H, W]."""
    return torch.cat([segmenter.masks(rows).argmax(1) for rows in images.split(BATCH)]).numpy()


def distance(first: np.ndarray, second: np.ndarray) -> float:
    """The Kolmogorov-Smirnov distance between two samples of numbers: 0 ... 1."""
    both = np.concatenate([first, second])
    shares = [
        np.searchsorted(np.sort(sample), both, side="right") / len(sample)
        for sample in (first, second)
    ]
    return float(np.abs(shares[0] - shares[1]).max())


def distances(first: np.ndarray, second: np.ndarray) -> dict[str, float]:
    """Factor -> distance between two populations [N, F] as a regressor read them.

    A binary factor is there or not, so its distance is the difference of the shares that have it.
    """
    told = {name: (first[:, i], second[:, i]) for i, name in enumerate(NAMES)}
    return {
        name: distance(a > 0, b > 0) if name in BINARY else distance(a, b)
        for name, (a, b) in told.items()
    }


def undecided(scores: np.ndarray, drawn: np.ndarray) -> float:
    """Of the binary factors, the largest share of readings [N, F] that drawn avatars hardly have.

    Nearer to 0 than 99 % of `drawn` are, as a regressor read both: neither there nor not.
    """
    columns = [NAMES.index(name) for name in BINARY]
    near = np.quantile(np.abs(drawn[:, columns]), 0.01, axis=0)
    return float((np.abs(scores[:, columns]) < near).mean(0).max())


def dialled(scores: np.ndarray) -> dict[str, float]:
    """Pair -> phi coefficient of scores [N, F] split at 0."""
    columns = {name: scores[:, i] for i, name in enumerate(NAMES)}
    return {f"{a}-{b}": phi(columns[a], columns[b]) for a, b in DIALLED}


def reading(scores: np.ndarray, truth: Avatars) -> dict[str, float]:
    """Factor -> how well scores [N, F] tell it: R^2 if continuous, share right if binary."""
    found = {}
    for i, name in enumerate(NAMES):
        told, real = scores[:, i], truth.values[:, i]
        if name in BINARY:
            found[name] = float(((told > 0) == (real > 0)).mean())
        else:
            found[name] = 1 - float(np.square(told - real).mean() / real.var())
    return found


def accuracy(scores: np.ndarray, truth: Avatars) -> float:
    """Share of avatars whose highest score [N, K] is their class's."""
    return float((scores.argmax(1) == classes(truth).numpy()).mean())


def overlap(first: np.ndarray, second: np.ndarray, parts: int) -> np.ndarray:
    """Part -> intersection over union of two labellings [N, H, W], over all pixels: [P].

    NaN for a part that neither shows.
    """
    table = np.bincount((first * parts + second).ravel(), minlength=parts**2)
    table = table.reshape(parts, parts)
    both = np.diag(table)
    either = table.sum(0) + table.sum(1) - both
    with np.errstate(invalid="ignore"):
        return both / either
