"""Effects of moves on scores, in standard deviations of the population."""

import numpy as np


def mean_effect(before: np.ndarray, after: np.ndarray, deviations: np.ndarray) -> np.ndarray:
    """Mean change of the scores [n, K] -> [n, K], each in SD [K]: the result is [K].

    A scorer that does not vary over the population (deviation 0) has effect 0: nothing is known
    of its unit.
    """
    change = (after.astype(np.float64) - before.astype(np.float64)).mean(0)
    return np.divide(change, deviations, out=np.zeros_like(change), where=deviations > 0)


def monotonicity(curves: np.ndarray) -> float:
    """Share of the samples whose score [steps, n] rises at every step."""
    return float((np.diff(curves, axis=0) > 0).all(0).mean())


def linearity(alphas: np.ndarray, curves: np.ndarray) -> float:
    """Mean over samples of the squared correlation of strengths [A] and scores [A, n], in [0, 1].

    1 where every score lies on a line; a sample whose score does not change counts as 0.
    """
    x = alphas - alphas.mean()
    y = curves.astype(np.float64) - curves.mean(0, dtype=np.float64)
    squares = np.square(x).sum() * np.square(y).sum(0)
    known = np.square(x @ y)
    return float(np.divide(known, squares, out=np.zeros_like(known), where=squares > 0).mean())
