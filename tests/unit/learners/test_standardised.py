"""Standardised fits: constant coordinates, refusals."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from directrix.errors import InvalidField
from directrix.learners.standardised import fit_normal
from tests.unit.learners.toys import clouds


def test_a_constant_coordinate_gets_no_weight() -> None:
    latents, labels, _ = clouds()
    latents = np.concatenate([latents, np.full((len(latents), 1), 7, np.float32)], 1)
    normal = fit_normal(LogisticRegression(), latents, labels)
    assert normal.shape == (13,)
    assert normal[-1] == pytest.approx(0)


def test_one_label_only_is_refused() -> None:
    latents, labels, _ = clouds()
    with pytest.raises(InvalidField, match="both of them"):
        fit_normal(LogisticRegression(), latents, np.zeros_like(labels))


def test_clouds_that_cannot_be_told_apart_are_refused() -> None:
    with pytest.raises(InvalidField, match="all the same"):
        fit_normal(LogisticRegression(), np.ones((10, 3), np.float32), np.arange(10) % 2)
    points = np.repeat(np.array([[1.0], [-1.0]], np.float32), 2, axis=0)
    with pytest.raises(InvalidField, match="told apart"):
        fit_normal(LogisticRegression(C=1e-300), points, np.array([0, 1, 0, 1]))


def test_one_scale_for_all_the_latents_changes_nothing() -> None:
    latents, labels, _ = clouds()
    first = fit_normal(LogisticRegression(C=0.01), latents, labels)
    assert fit_normal(LogisticRegression(C=0.01), latents * 1000, labels) == pytest.approx(
        first, abs=1e-6
    )
