"""Whether the coordinates of a space mean anything: their importance against rotated bases.

In an isotropic Gaussian prior every rotation of the coordinates is as good a basis, so a set that
"controls" a score may be one of many that do. The importance of coordinate b is here that of small
moves, a_b = mean_i |slope_i . b| SD(u . b), which every basis shares the same slopes for; its Gini
index is compared with those of rotated bases. Source: the null test is our own, for Li et al.
(arXiv 2006.10132); rotations as Mezzadri, "How to generate random matrices from the classical
compact groups" (arXiv math-ph/0609050), section 5.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from directrix.errors import InvalidField
from directrix.metrics.sparsity import gini


@dataclass(frozen=True, eq=False)
class RotationTest:
    """Of K scores. gini: of the coordinates' importance [K]. rotated: of R rotated bases [R, K]."""

    gini: np.ndarray
    rotated: np.ndarray

    def percentiles(self) -> np.ndarray:
        """Where the coordinates' Gini index lies among those of the rotated bases: [K]."""
        pairs = zip(self.gini, self.rotated.T, strict=True)
        return np.array([percentile(own, null) for own, null in pairs])


def percentile(value: float, null: np.ndarray) -> float:
    """Share in percent of null values [R] below `value`, half of the equal ones counting."""
    return float(100 * ((null < value).mean() + (null == value).mean() / 2))


def rotation_test(
    slopes: np.ndarray, covariance: np.ndarray, rotations: int, seed: int
) -> RotationTest:
    """slopes [K, n, d] of K scores at n latents, covariance [d, d] of the population.

    Raises InvalidField.
    """
    if slopes.ndim != 3 or covariance.shape != (slopes.shape[2],) * 2 or rotations < 1:
        raise InvalidField("slopes [K, n, d] and a covariance [d, d]", field="covariance")
    d = slopes.shape[2]

    def ginis(basis: np.ndarray) -> np.ndarray:
        return np.array([gini(a) for a in slope_importance(slopes, covariance, basis)])

    rotated = [ginis(basis) for basis in rotated_bases(d, rotations, seed)]
    return RotationTest(ginis(np.eye(d)), np.stack(rotated))


def slope_importance(slopes: np.ndarray, covariance: np.ndarray, basis: np.ndarray) -> np.ndarray:
    """mean_i |slope_i . b| SD(u . b) of every row b of an orthonormal basis [m, d]: [..., m].

    slopes: [..., n, d].
    """
    spread = np.sqrt(((basis @ covariance) * basis).sum(1))
    return np.abs(slopes.astype(np.float64) @ basis.T).mean(-2) * spread


def rotated_bases(dimension: int, count: int, seed: int) -> Iterator[np.ndarray]:
    """Orthonormal bases [d, d], rows, uniform over all rotations and reflections."""
    chance = np.random.Generator(np.random.Philox(seed))
    for _ in range(count):
        q, r = np.linalg.qr(chance.standard_normal((dimension, dimension)))
        yield (q * np.sign(np.diag(r))).T
