"""Reliance: how far answers hang on a finding, and how much of it nothing that is allowed tells.

Every finding is moved by 1 SD both ways. What counts for an accusation is the steady change: the
mean over pictures of half the difference between the two ends, in log odds, so that a classifier
that is merely rough changes nothing on average. From it is taken what the allowed scores account
for: a linear map from their changes to those of the classifier, fitted over all findings and
random ones together, and scaled for each finding between 0 and MOST as it fits best. What is left,
in SD of the classifier's log odds over the population, less what the finite number of pictures
adds, is `beyond`.

Source: written for Directrix. That an effect is told beyond what a confounder explains is the
residual of Frisch and Waugh (1933).
"""

from dataclasses import dataclass

import numpy as np

from directrix.metrics.bootstrap import NORMAL

MOST = 1.25
"""How many times what they account for on average allowed scores may account for in one finding."""

RIDGE = 1e-3
"""Of the map from allowed scores, as a share of their mean square."""


@dataclass(frozen=True, eq=False)
class Changes:
    """Half the difference between the two ends of every move, of n pictures.

    own [F, n, K]: of the classifier's log odds. allowed [F, n, A]: of what it may rely on, A may be
    0. spread: root mean square over the classes of the population's SD of the log odds.
    """

    own: np.ndarray
    allowed: np.ndarray
    spread: float


def account(candidates: Changes, chance: Changes) -> np.ndarray:
    """The map [A, K] from changes of allowed scores to changes of log odds, by ridge regression
    over all moves of all findings."""
    width, classes = candidates.allowed.shape[2], candidates.own.shape[2]
    if width == 0:
        return np.zeros((0, classes))
    both = (candidates, chance)
    told = np.concatenate([each.allowed.reshape(-1, width) for each in both])
    said = np.concatenate([each.own.reshape(-1, classes) for each in both])
    gram = told.T @ told
    penalty = RIDGE * np.trace(gram) / width + 1e-12
    return np.asarray(np.linalg.solve(gram + penalty * np.eye(width), told.T @ said))


def beyond(changes: Changes, mapping: np.ndarray) -> np.ndarray:
    """[F, n, K]: what is left of every picture's change, in SD of the log odds."""
    told = changes.allowed @ mapping
    own_mean, told_mean = changes.own.mean(1), told.mean(1)
    power = np.square(told_mean).sum(1)
    fit = np.divide((own_mean * told_mean).sum(1), power, out=np.zeros(len(power)), where=power > 0)
    scale = np.clip(fit, 0, MOST)[:, None, None]
    return (changes.own - scale * told) / changes.spread


def steady(left: np.ndarray) -> np.ndarray:
    """The size [F] of the mean over pictures of [F, n, K], without what chance adds: the square of
    a mean is too large by its variance."""
    n = left.shape[1]
    square = np.square(left.mean(1)).sum(1) - (left.var(1, ddof=1) / n).sum(1)
    return np.sqrt(np.maximum(square, 0))


def interval(left: np.ndarray, seed: int, resamples: int = 400) -> tuple[float, float]:
    """The 95 % interval of `steady` of one finding [n, K]: a basic bootstrap, not below 0."""
    chance = np.random.Generator(np.random.Philox(seed))
    n = len(left)
    weights = chance.multinomial(n, np.full(n, 1 / n), size=resamples) / n
    sizes = np.linalg.norm(weights @ left, axis=1)
    value = float(np.linalg.norm(left.mean(0)))
    own = float(steady(left[None])[0])
    low, high = np.quantile(sizes, [0.025, 0.975])
    return max(0.0, own - (float(high) - value)), max(0.0, own + value - float(low))


def standard(share: float) -> float:
    """How many SD of a normal distribution this share lies above."""
    return NORMAL.inv_cdf(1 - share)
