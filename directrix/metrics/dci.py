"""Disentanglement and completeness of codes, from how much each code matters to each factor.

Source: Eastwood and Williams, "A Framework for the Quantitative Evaluation of Disentangled
Representations" (ICLR 2018), section 2. The third number, informativeness, is how well the factors
are told from the codes: `directrix.metrics.importance` measures it together with the importances.
"""

from dataclasses import dataclass

import numpy as np

from directrix.errors import InvalidField


@dataclass(frozen=True)
class Dci:
    """Shares in [0, 1]. disentanglement: of a code, to matter to one factor only; completeness: of
    a factor, to be told by one code only. By code [d] and by factor [F], and weighted means."""

    disentanglement: float
    completeness: float
    by_code: tuple[float, ...]
    by_factor: tuple[float, ...]


def measure_dci(importance: np.ndarray) -> Dci:
    """importance: [d, F], not negative. A permutation of codes and factors gives 1 and 1.

    D_i = 1 - H_F(R_i. / sum_j R_ij), C_j = 1 - H_d(R_.j / sum_i R_ij), H_b being the entropy to
    the base b; means weighted by a row's or column's share of all importance. Raises InvalidField.
    """
    values = np.asarray(importance, np.float64)
    if values.ndim != 2 or min(values.shape, default=0) < 2:
        raise InvalidField("at least two codes and two factors", field="importance")
    if not np.isfinite(values).all() or values.min() < 0 or not values.sum() > 0:
        raise InvalidField("importances are 0 or more, not all of them 0", field="importance")
    by_code, by_factor = _purity(values), _purity(values.T)
    total = values.sum()
    return Dci(
        disentanglement=float(by_code @ values.sum(1) / total),
        completeness=float(by_factor @ values.sum(0) / total),
        by_code=tuple(float(v) for v in by_code),
        by_factor=tuple(float(v) for v in by_factor),
    )


def _purity(rows: np.ndarray) -> np.ndarray:
    """1 - entropy of every row [n, k] to the base k: 1 where one entry has all, 0 where even.

    A row without importance is 0; its weight is 0 too.
    """
    sums = rows.sum(1, keepdims=True)
    shares = np.divide(rows, sums, out=np.full_like(rows, 1 / rows.shape[1]), where=sums > 0)
    logs = np.log(shares, out=np.zeros_like(shares), where=shares > 0)
    return 1 + (shares * logs).sum(1) / np.log(rows.shape[1])
