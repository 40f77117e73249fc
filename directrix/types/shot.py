"""A shot: one picture of an audit before and after a finding turned it into another class."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Shot:
    """One picture before and after. original, answer: uint8 [H, W, C].

    sample: its place among the audit's pictures. alpha: how far the finding is moved, in SD.
    before, after: the probability of the class that is reached.
    """

    sample: int
    alpha: float
    source: str
    target: str
    before: float
    after: float
    original: np.ndarray
    answer: np.ndarray
