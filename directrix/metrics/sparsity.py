"""How few entries carry a vector: 0 for an even one, towards 1 for a single entry."""

import numpy as np


def hoyer(values: np.ndarray) -> float:
    """(sqrt(n) - |v|_1 / |v|_2) / (sqrt(n) - 1), in [0, 1]; 0 for a zero vector and for n = 1.

    Source: Hoyer, "Non-negative Matrix Factorization with Sparseness Constraints" (2004), eq. 8.
    """
    sizes = np.abs(values.astype(np.float64)).ravel()
    length, root = np.sqrt(np.square(sizes).sum()), np.sqrt(sizes.size)
    if length == 0 or sizes.size == 1:
        return 0.0
    return float((root - sizes.sum() / length) / (root - 1))


def gini(values: np.ndarray) -> float:
    """The Gini index of |v|, in [0, 1 - 1/n]; 0 for a zero vector.

    Source: Hurley and Rickard, "Comparing Measures of Sparsity" (2009), table I.
    """
    sizes = np.sort(np.abs(values.astype(np.float64)).ravel())
    total = sizes.sum()
    if total == 0:
        return 0.0
    ranks = np.arange(1, sizes.size + 1)
    return float(1 - 2 * (sizes / total * (sizes.size - ranks + 0.5) / sizes.size).sum())
