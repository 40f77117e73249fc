"""Class-to-class translation: do interventions on a controlling set turn class c into class t?

Source: Li, Tao, Niu and Li (arXiv 2006.10132), the abstract's "extreme interventions"; the formulas
are a reconstruction. Two controls: sets of the same size chosen by chance, and the complement.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from directrix.errors import InvalidField
from directrix.metrics.bootstrap import bootstrap_interval


@dataclass(frozen=True)
class Translation:
    """Of n latents of one class: shares that the classifier gives to the target class.

    gain: chosen - random, with its 95 % interval over the latents.
    """

    chosen: float
    random: float
    complement: float
    gain: float
    interval: tuple[float, float]


def measure_translation(
    target: int, chosen: np.ndarray, random: np.ndarray, complement: np.ndarray, seed: int
) -> Translation:
    """Classes after the intervention on the set [n], on R random sets [R, n], on the others [n].

    Raises InvalidField.
    """
    if chosen.ndim != 1 or random.shape[1:] != chosen.shape or complement.shape != chosen.shape:
        raise InvalidField("classes of the same n latents after every intervention", field="random")
    flips, by_chance = chosen == target, (random == target).mean(0)
    return Translation(
        chosen=float(flips.mean()),
        random=float(by_chance.mean()),
        complement=float((complement == target).mean()),
        gain=float(flips.mean() - by_chance.mean()),
        interval=bootstrap_interval(flips - by_chance, seed),
    )


def translation_matrix(
    starts: Sequence[np.ndarray], ends: Sequence[Sequence[np.ndarray]], classes: int
) -> np.ndarray:
    """T[c, t]: share of the latents of class c that end in class t when t is aimed at, [C, C].

    starts: [n_c] classes before, class by class. ends: ends[c][t] are [n_c] classes after. Latents
    that did not start as c do not count; the diagonal, and rows without latents, are not a number.
    """
    matrix = np.full((classes, classes), np.nan)
    for c in range(classes):
        own = starts[c] == c
        for t in range(classes):
            if c != t and own.any():
                matrix[c, t] = float((ends[c][t][own] == t).mean())
    return matrix


def random_sets(size: int, dimension: int, count: int, seed: int) -> np.ndarray:
    """`count` sets of `size` different coordinates of `dimension`, by chance: [count, size]."""
    if not 1 <= size <= dimension:
        raise InvalidField(f"a set has 1 to {dimension} coordinates, not {size}", field="size")
    chance = np.random.Generator(np.random.Philox(seed))
    return np.stack([chance.permutation(dimension)[:size] for _ in range(count)])


def complement(chosen: np.ndarray, dimension: int) -> np.ndarray:
    """The coordinates that are not in the set, ascending."""
    return np.setdiff1d(np.arange(dimension), chosen)


def drift(before: np.ndarray, after: np.ndarray, target: int) -> float:
    """Mean summed change of the other classes' probabilities [n, C]: sum_{j != t} |Delta P_j|."""
    change = np.abs(after.astype(np.float64) - before)
    return float(np.delete(change, target, axis=1).sum(1).mean())
