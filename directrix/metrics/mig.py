"""The mutual information gap: whether each factor is told by one code and no second one.

Source: Chen et al., "Isolating Sources of Disentanglement in Variational Autoencoders" (arXiv
1802.04942), eq. 6; codes in 20 bins of equal width as in Locatello et al. (arXiv 1811.12359). It
depends on the axes: only for codes that stand for themselves, not for a rotation of them.
"""

import numpy as np

from directrix.errors import InvalidField

BINS = 20


def mutual_information_gap(
    codes: np.ndarray, factors: np.ndarray, bins: int = BINS
) -> tuple[float, np.ndarray]:
    """codes [N, d >= 2], factors [N, F] -> the mean gap and the gap of each factor [F], in [0, 1].

    Gap of factor k: (I(z_first; v_k) - I(z_second; v_k)) / H(v_k), first and second being the
    codes with the most mutual information. Factors with more than `bins` values are put in bins
    too. A constant factor has gap 0 and does not count in the mean. Raises InvalidField.
    """
    if codes.ndim != 2 or factors.ndim != 2 or len(codes) != len(factors) or codes.shape[1] < 2:
        raise InvalidField("two or more codes, and factors of the same samples", field="codes")
    coded = [_binned(column, bins) for column in codes.T]
    known = [_binned(column, bins) for column in factors.T]
    entropies = np.array([_entropy(np.bincount(v)) for v in known])
    if not entropies.any():
        raise InvalidField("every factor is constant", field="factors")
    shared = np.array([[_information(c, v) for v in known] for c in coded])
    ranked = np.sort(shared, 0)
    gaps = np.divide(
        ranked[-1] - ranked[-2], entropies, out=np.zeros(len(known)), where=entropies > 0
    )
    return float(gaps[entropies > 0].mean()), gaps


def _binned(column: np.ndarray, bins: int) -> np.ndarray:
    """Numbers 0 ... of bins of equal width; of the values themselves where there are few."""
    values, places = np.unique(column, return_inverse=True)
    if len(values) <= bins:
        return places
    edges = np.linspace(values[0], values[-1], bins + 1)[1:-1]
    return np.searchsorted(edges, column, side="right")


def _entropy(counts: np.ndarray) -> float:
    shares = counts[counts > 0] / counts.sum()
    return float(-(shares * np.log(shares)).sum())


def _information(first: np.ndarray, second: np.ndarray) -> float:
    """I(a; b) = H(a) + H(b) - H(a, b) in nats."""
    pairs = np.bincount(first * (second.max() + 1) + second)
    return _entropy(np.bincount(first)) + _entropy(np.bincount(second)) - _entropy(pairs)
