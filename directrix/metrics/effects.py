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
