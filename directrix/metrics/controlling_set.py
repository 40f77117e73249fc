"""Which coordinates control a score: those whose importance stands out."""

from enum import StrEnum

import numpy as np


class Rule(StrEnum):
    """How the set is cut off."""

    TOP_K = "top_k"
    """the `value` most important"""
    MASS = "mass"
    """the smallest set that holds the share `value` of all importance"""
    THRESHOLD = "threshold"
    """those above mean + `value` standard deviations"""


def controlling_set(importance: np.ndarray, rule: Rule, value: float) -> np.ndarray:
    """Coordinates by falling importance [d], at least one; equal ones in their own order.

    Source: Li et al. (arXiv 2006.10132); the cut-off rules are a reconstruction.
    """
    order = np.argsort(-importance, kind="stable")
    ranked = importance[order]
    match rule:
        case Rule.TOP_K:
            size = int(value)
        case Rule.MASS:
            reached = np.cumsum(ranked) >= value * ranked.sum() * (1 - 1e-12)
            size = int(np.argmax(reached)) + 1
        case Rule.THRESHOLD:
            size = int((ranked > importance.mean() + value * importance.std()).sum())
    return order[: max(1, min(size, len(order)))]
