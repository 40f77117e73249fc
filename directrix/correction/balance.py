"""Cells made equal: high- and low-density samples together, and differences that do not leak."""

import numpy as np


def cells(labels: np.ndarray, partners: np.ndarray) -> np.ndarray:
    """Number of the cell of each sample [N]: labels [N] and partners' labels [N, P], as bits."""
    bits = np.concatenate([labels[:, None], partners], 1).astype(np.int64)
    return bits @ (1 << np.arange(bits.shape[1]))


def balanced(cell: np.ndarray, seed: int) -> np.ndarray:
    """Positions [M] in which every cell that occurs has as many samples as the fullest one.

    cell: [N]. Each sample once, then seeded repeats from the emptier cells: a learner needs no
    weights.
    """
    chance = np.random.Generator(np.random.Philox(seed))
    found, counts = np.unique(cell, return_counts=True)
    picks = [np.arange(len(cell))]
    for number, count in zip(found, counts, strict=True):
        own = np.flatnonzero(cell == number)
        picks.append(own[chance.integers(0, count, counts.max() - count)])
    return np.concatenate(picks)


def mean_difference(codes: np.ndarray, labels: np.ndarray, cell: np.ndarray) -> np.ndarray:
    """Unit vector [...]: mean over partners' cells of mean(label 1) - mean(label 0).

    codes: [N, ...]. cell: numbers [N] of `cells`, whose first bit is the label. Partners' cells
    without both labels count as one: they have only the difference between them to tell.
    """
    beside = cell >> 1
    whole = [np.unique(labels[beside == number]).size == 2 for number in np.unique(beside)]
    usable = dict(zip(np.unique(beside), whole, strict=True))
    if not any(usable.values()):
        return _unit(codes[labels == 1].mean(0) - codes[labels == 0].mean(0))
    parts = []
    for number in (n for n, both in usable.items() if both):
        own = beside == number
        parts.append(codes[own & (labels == 1)].mean(0) - codes[own & (labels == 0)].mean(0))
    return _unit(np.mean(parts, 0))


def paired_difference(sources: np.ndarray, codes: np.ndarray, sides: np.ndarray) -> np.ndarray:
    """Unit vector [...]: mean difference between low-density samples and their own sources.

    sources, codes: [n, ...]. sides: [n], +1 where the target rose; both sides count alike. What
    a source is like besides cancels, which mean differences of unpaired samples do not offer.
    """
    change = codes.astype(np.float64) - sources
    parts = [side * change[sides == side].mean(0) for side in (1.0, -1.0) if (sides == side).any()]
    return _unit(np.mean(parts, 0))


def _unit(vector: np.ndarray) -> np.ndarray:
    length = np.linalg.norm(vector)
    return vector / length if length > 0 else vector
