"""Importances by trees of codes that are known functions of the factors."""

import numpy as np
import pytest

from directrix.errors import InvalidField
from directrix.metrics import measure_dci
from directrix.metrics.importance import measure_importance


def factors(count: int = 600) -> np.ndarray:
    return np.random.Generator(np.random.Philox(1)).uniform(size=(count, 3))


def test_a_permuted_code_is_found_and_scores_high() -> None:
    known = factors()
    found = measure_importance(np.exp(known[:, [2, 0, 1]]), known, seed=1)
    assert found.matrix.argmax(0).tolist() == [1, 2, 0]
    assert found.matrix.sum(0) == pytest.approx([1, 1, 1])
    assert found.informativeness.min() > 0.95
    dci = measure_dci(found.matrix)
    assert min(dci.disentanglement, dci.completeness) > 0.9


def test_a_rotated_code_scores_lower() -> None:
    known = factors()
    turn = np.linalg.qr(np.random.Generator(np.random.Philox(2)).standard_normal((3, 3)))[0]
    dci = measure_dci(measure_importance(known @ turn, known, seed=1).matrix)
    assert dci.disentanglement < 0.6


def test_noise_tells_nothing_and_a_constant_has_no_importance() -> None:
    known = factors()
    known[:, 1] = 0.5
    noise = np.random.Generator(np.random.Philox(3)).uniform(size=(600, 2))
    found = measure_importance(noise, known, seed=1)
    assert found.informativeness.max() < 0.05
    assert found.matrix[:, 1].tolist() == [0, 0]


def test_repeats_by_seed_and_refuses_other_lengths() -> None:
    known = factors(100)
    first, second = (measure_importance(known, known, seed=4).matrix for _ in range(2))
    assert np.array_equal(first, second)
    with pytest.raises(InvalidField):
        measure_importance(known[:50], known, seed=1)
