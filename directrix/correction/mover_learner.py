"""A learner's direction or field from labelled codes, as something that moves codes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from directrix.correction.balance import mean_difference, paired_difference
from directrix.correction.gradient_field import FieldLearner
from directrix.correction.movers import Mover, Straight, curved, straight
from directrix.discovery import Learner
from directrix.types import Space

LearnerName = Literal["svm", "logistic", "mean", "field"]
"""A linear learner, the mean difference of the cells, or the gradient field of a small network."""


@dataclass(frozen=True, eq=False)
class MoverLearner:
    """Learns movers of codes [N, ...] of one space, every time with the same seed.

    linear: the linear learners by name. reference: codes [n, ...] whose SD along a direction is its
    unit.
    """

    name: LearnerName
    linear: Mapping[str, Learner]
    space: Space
    reference: np.ndarray
    seed: int

    def __call__(
        self,
        codes: np.ndarray,
        labels: np.ndarray,
        cell: np.ndarray | None = None,
        pairs: tuple[np.ndarray, np.ndarray] | None = None,
    ) -> Mover:
        """The mover towards label 1. labels: [N] in {0, 1}.

        cell: numbers [N] of `cells`, for the mean difference. pairs: sources and turned changes of
        low-density samples, for the field.
        """
        match self.name:
            case "field":
                network = FieldLearner()(codes, labels, self.seed, pairs)
                return curved(self.space, network, codes)
            case "mean":
                vector = mean_difference(codes, labels, labels if cell is None else cell)
            case name:
                vector = self._normal(name, codes, labels)
        return straight(self.space, vector, self.reference)

    def paired(self, sources: np.ndarray, codes: np.ndarray, sides: np.ndarray) -> Straight:
        """The mover along the mean difference of low-density samples and their sources."""
        vector = paired_difference(sources, codes, sides)
        return straight(self.space, vector, self.reference)

    def _normal(self, name: str, codes: np.ndarray, labels: np.ndarray) -> np.ndarray:
        """A linear learner's normal [...]; where all layers are alike it is the one of W."""
        learner, shape = self.linear[name], codes.shape[1:]
        if codes.ndim == 3 and not np.ptp(codes, 1).any():
            return np.repeat(learner(codes[:, 0], labels, self.seed)[None], shape[0], 0)
        return learner(codes.reshape(len(codes), -1), labels, self.seed).reshape(shape)
