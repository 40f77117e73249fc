"""Shapley values: what each of a few moved findings contributed to a change.

Source: Shapley (1953); with all subsets, so exact. Contributions add up to the whole change, and
two findings that do the same get the same.
"""

from collections.abc import Callable
from math import factorial

import numpy as np

MOST = 10
"""Findings at most: there are 2^n subsets."""


def subsets(count: int) -> np.ndarray:
    """All subsets of `count` players: bool [2^count, count]; row i holds the bits of i."""
    return (np.arange(2**count)[:, None] >> np.arange(count)) % 2 == 1


def shapley(value: Callable[[np.ndarray], np.ndarray], count: int) -> np.ndarray:
    """value: subsets bool [2^count, count] -> worth [2^count]. Returns [count].

    phi_k = sum over S without k of |S|! (n - |S| - 1)! / n! (value(S + k) - value(S))
    """
    members = subsets(count)
    worth, sizes = value(members), members.sum(1)
    found = np.empty(count)
    for player in range(count):
        without = np.flatnonzero(~members[:, player])
        gain = worth[without + 2**player] - worth[without]
        weights = np.array([factorial(s) * factorial(count - s - 1) for s in sizes[without]])
        found[player] = (weights * gain).sum() / factorial(count)
    return found
