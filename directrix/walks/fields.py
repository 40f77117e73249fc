"""Gradients of the scalar functions that nonlinear findings follow, in closed form."""

import numpy as np

from directrix.types import Field, FieldForm

SLOPE = 0.2
"""Of the leaky rectifier."""


def gradient(field: Field, u: np.ndarray) -> np.ndarray:
    """df/du [d] at u [d], float64.

    mlp: w1^T (w2 o slope(w1 u + b1)). rbf: sum_i -2 a_i g_i exp(-g_i |u - s_i|^2) (u - s_i).
    """
    p = {name: value.astype(np.float64) for name, value in field.parameters.items()}
    if field.form is FieldForm.MLP:
        slopes = np.where(p["w1"] @ u + p["b1"] > 0, 1.0, SLOPE)
        return (p["w2"] * slopes) @ p["w1"]
    away = u - p["centres"]
    bumps = p["weights"] * np.exp(-p["widths"] * np.square(away).sum(1))
    return -2.0 * (bumps * p["widths"]) @ away


def heading(field: Field, u: np.ndarray) -> np.ndarray:
    """The unit vector along the gradient, or zero where the function is flat."""
    slope = gradient(field, u)
    peak = np.abs(slope).max()
    if peak == 0 or not np.isfinite(peak):
        return np.zeros_like(u)
    slope = slope / peak
    return slope / np.sqrt(slope @ slope)
