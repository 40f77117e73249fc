"""The gradient field: follows what parts the labels, and pairs where they are given."""

import numpy as np
import pytest

from directrix.correction import FieldLearner
from directrix.types import Field, FieldForm, Space
from directrix.walks.fields import heading


def samples(count: int = 400) -> tuple[np.ndarray, np.ndarray]:
    """Two coordinates that correlate by .9; labels tell the sign of the first."""
    chance = np.random.Generator(np.random.Philox(1))
    codes = 3 + chance.standard_normal((count, 4))
    codes[:, 1] = 3 + 0.9 * (codes[:, 0] - 3) + 0.44 * (codes[:, 1] - 3)
    return codes.astype(np.float32), (codes[:, 0] > 3).astype(np.int64)


def test_headings_raise_the_label() -> None:
    codes, labels = samples()
    headings = FieldLearner()(codes, labels, seed=1).heading(codes)
    assert np.linalg.norm(headings, axis=1) == pytest.approx(np.ones(len(codes)))
    assert headings[:, 0].mean() > 0.7


def test_pairs_turn_the_field() -> None:
    codes, labels = samples()
    change = np.zeros((50, 4))
    change[:, 0] = 1.5
    headings = FieldLearner()(codes, labels, 1, (codes[:50], change)).heading(codes)
    assert headings[:, 0].mean() > 0.97


def test_same_seed_same_field_as_walks_follow_it() -> None:
    codes, labels = samples(100)
    learner = FieldLearner(hidden=8, epochs=3)
    first, second = learner(codes, labels, 5), learner(codes, labels, 5)
    assert all(np.array_equal(first.arrays()[k], second.arrays()[k]) for k in first.arrays())
    field = Field(Space.Z, FieldForm.MLP, first.arrays(), 1.0)
    assert heading(field, codes[3].astype(np.float64)) == pytest.approx(
        first.heading(codes[3:4])[0], abs=1e-4
    )
