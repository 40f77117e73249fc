"""Gradients of fields against finite differences."""

import numpy as np
import pytest

from directrix.types import Field, FieldForm, Space
from directrix.walks.fields import gradient, heading

RANDOM = np.random.default_rng(0)
MLP = {
    "w1": RANDOM.standard_normal((6, 4)),
    "b1": RANDOM.standard_normal(6),
    "w2": RANDOM.standard_normal(6),
}
RBF = {
    "centres": RANDOM.standard_normal((5, 4)),
    "widths": np.array([0.1, 0.2, 0.3, 0.4, 0.5]),
    "weights": RANDOM.standard_normal(5),
}


def value(form: FieldForm, u: np.ndarray) -> float:
    """The formulas of `FieldForm`, written once more."""
    if form is FieldForm.MLP:
        p = {k: v.astype(np.float32).astype(np.float64) for k, v in MLP.items()}
        x = p["w1"] @ u + p["b1"]
        return float(p["w2"] @ np.maximum(x, 0.2 * x))
    p = {k: v.astype(np.float32).astype(np.float64) for k, v in RBF.items()}
    total = 0.0
    for centre, width, weight in zip(p["centres"], p["widths"], p["weights"], strict=True):
        total += weight * np.exp(-width * ((u - centre) ** 2).sum())
    return float(total)


@pytest.mark.parametrize(("form", "parameters"), [(FieldForm.MLP, MLP), (FieldForm.RBF, RBF)])
def test_gradients_are_those_of_the_formulas(form, parameters):
    field = Field(Space.Z, form, parameters, scale=1.0)
    for u in np.random.default_rng(1).standard_normal((5, 4)):
        numeric = [
            (value(form, u + step) - value(form, u - step)) / 2e-6 for step in 1e-6 * np.eye(4)
        ]
        np.testing.assert_allclose(gradient(field, u), numeric, atol=1e-6)
        slope = gradient(field, u)
        np.testing.assert_allclose(heading(field, u), slope / np.linalg.norm(slope))


def test_where_a_field_is_flat_there_is_no_heading():
    far = np.full(4, 1e3)
    field = Field(Space.Z, FieldForm.RBF, RBF, scale=1.0)
    assert heading(field, far).tolist() == [0, 0, 0, 0]


def test_a_faint_slope_still_has_a_heading():
    field = Field(Space.Z, FieldForm.RBF, {**RBF, "weights": 1e-30 * RBF["weights"]}, scale=1.0)
    strong = Field(Space.Z, FieldForm.RBF, RBF, scale=1.0)
    u = np.ones(4)
    np.testing.assert_allclose(heading(field, u), heading(strong, u), rtol=1e-5)
