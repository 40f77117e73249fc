"""The normal of a logistic regression."""

from dataclasses import dataclass

import numpy as np
from sklearn.linear_model import LogisticRegression

from directrix.learners.standardised import fit_normal


@dataclass(frozen=True)
class LogisticLearner:
    """Log loss with an L2 penalty; the intercept is thrown away.

    Source: Cox, "The Regression Analysis of Binary Sequences" (1958).
    """

    regularisation: float = 0.01
    """C of the regression, without unit: smaller is smoother."""
    iterations: int = 1000

    def __call__(self, latents: np.ndarray, labels: np.ndarray, seed: int) -> np.ndarray:
        """latents [N, d], labels [N] in {0, 1} -> unit normal [d], positive towards 1."""
        regression = LogisticRegression(
            C=self.regularisation, random_state=seed % 2**32, max_iter=self.iterations
        )
        return fit_normal(regression, latents, labels)
