"""How far two sets of features lie apart, as two normal distributions."""

import numpy as np


def frechet_distance(first: np.ndarray, second: np.ndarray) -> float:
    """|m1 - m2|^2 + Tr(C1 + C2 - 2 (C1 C2)^(1/2)) of features [n, d] and [m, d], in their unit^2.

    Source: Heusel et al., "GANs Trained by a Two Time-Scale Update Rule" (arXiv 1706.08500), eq. 6.
    It falls with the number of samples: compare only figures of equal n.
    """
    (m1, c1), (m2, c2) = _moments(first), _moments(second)
    # the eigenvalues of C1 C2 are those of a product of two positive matrices: real, not negative
    roots = np.sqrt(np.clip(np.linalg.eigvals(c1 @ c2).real, 0, None))
    return float(np.square(m1 - m2).sum() + np.trace(c1) + np.trace(c2) - 2 * roots.sum())


def _moments(features: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    rows = features.astype(np.float64)
    return rows.mean(0), np.atleast_2d(np.cov(rows, rowvar=False))
