"""How far two sets of features lie apart, as two normal distributions."""

import numpy as np


def frechet_distance(first: np.ndarray, second: np.ndarray) -> float:
    """|m1 - m2|^2 + Tr(C1 + C2 - 2 (C1 C2)^(1/2)) of features [n, d] and [m, d], in their unit^2.

    Source: Heusel et al., "GANs Trained by a Two Time-Scale Update Rule" (arXiv 1706.08500), eq. 6.
    It falls with the number of samples: compare only figures of equal n.
    """
    (m1, x1), (m2, x2) = _centred(first), _centred(second)
    # C = X'X: the roots of the eigenvalues of C1 C2 are the singular values of X1 X2'
    if max(len(x1), len(x2)) < x1.shape[1]:
        roots = np.linalg.svd(x1 @ x2.T, compute_uv=False)
    else:
        roots = np.sqrt(np.clip(np.linalg.eigvals((x1.T @ x1) @ (x2.T @ x2)).real, 0, None))
    spread = np.square(x1).sum() + np.square(x2).sum()
    return float(max(0.0, np.square(m1 - m2).sum() + spread - 2 * roots.sum()))


def _centred(features: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean [d] and X [n, d] with X'X the covariance."""
    rows = features.astype(np.float64)
    mean = rows.mean(0)
    return mean, (rows - mean) / np.sqrt(len(rows) - 1)
