"""DCI of importances whose entropies are known."""

import numpy as np
import pytest

from directrix.errors import InvalidField
from directrix.metrics import measure_dci


def test_a_permutation_is_disentangled_and_complete() -> None:
    found = measure_dci(np.eye(4)[[2, 0, 3, 1]] * [[1], [5], [2], [0.1]])
    assert (found.disentanglement, found.completeness) == pytest.approx((1, 1))
    assert found.by_code == pytest.approx((1, 1, 1, 1))


def test_an_even_matrix_is_neither() -> None:
    found = measure_dci(np.ones((3, 5)))
    assert (found.disentanglement, found.completeness) == pytest.approx((0, 0), abs=1e-12)


def test_two_codes_for_one_factor_are_disentangled_but_not_complete() -> None:
    """Codes 0 and 1 share factor 0, code 2 tells factor 1: C = (2 (1 - ln 2 / ln 3) + 1) / 3."""
    found = measure_dci(np.array([[1.0, 0], [1, 0], [0, 1]]))
    assert found.disentanglement == pytest.approx(1)
    shared = 1 - np.log(2) / np.log(3)
    assert found.by_factor == pytest.approx((shared, 1))
    assert found.completeness == pytest.approx((2 * shared + 1) / 3)


def test_a_code_without_importance_does_not_count() -> None:
    found = measure_dci(np.array([[1.0, 0], [0, 1], [0, 0]]))
    assert found.disentanglement == pytest.approx(1)
    assert found.by_code[2] == pytest.approx(0)


@pytest.mark.parametrize(
    "importance", [np.ones((1, 3)), np.zeros((2, 2)), -np.eye(2), np.full((2, 2), np.nan)]
)
def test_what_is_no_importance_is_refused(importance: np.ndarray) -> None:
    with pytest.raises(InvalidField):
        measure_dci(importance)
