"""How much each code matters to each factor, by gradient boosted trees.

Source: Locatello et al., "Challenging Common Assumptions in the Unsupervised Learning of
Disentangled Representations" (arXiv 1811.12359), appendix on DCI: feature importances of gradient
boosted trees, one model a factor. It needs scikit-learn, so `directrix.metrics` does not import it.
"""

from dataclasses import dataclass

import numpy as np
from sklearn.ensemble import GradientBoostingRegressor

from directrix.errors import InvalidField

TREES, DEPTH = 60, 3
HELD_OUT = 0.3
LEAST = 20


@dataclass(frozen=True, eq=False)
class Importance:
    """matrix: [d, F], columns summing to 1. informativeness: [F], R^2 on held-out samples."""

    matrix: np.ndarray
    informativeness: np.ndarray


def measure_importance(codes: np.ndarray, factors: np.ndarray, seed: int) -> Importance:
    """codes [N, d], factors [N, F] -> importances; the last 30 % of samples are held out.

    A factor that is constant has no importance and an informativeness of 0. Raises InvalidField.
    """
    if codes.ndim != 2 or factors.ndim != 2 or len(codes) != len(factors) or len(codes) < LEAST:
        raise InvalidField(f"codes and factors of the same {LEAST} or more samples", field="codes")
    cut = len(codes) - int(HELD_OUT * len(codes))
    fits = [_fit(codes, column, cut, seed) for column in factors.T.astype(np.float64)]
    return Importance(np.stack([f[0] for f in fits], 1), np.array([f[1] for f in fits]))


def _fit(codes: np.ndarray, factor: np.ndarray, cut: int, seed: int) -> tuple[np.ndarray, float]:
    if not (factor[:cut].std() > 0 and factor[cut:].std() > 0):
        return np.zeros(codes.shape[1]), 0.0
    trees = GradientBoostingRegressor(
        n_estimators=TREES, max_depth=DEPTH, subsample=0.7, random_state=seed % 2**32
    )
    trees.fit(codes[:cut], factor[:cut])
    return trees.feature_importances_, float(trees.score(codes[cut:], factor[cut:]))
