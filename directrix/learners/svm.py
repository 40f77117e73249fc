"""The normal of a linear support vector machine."""

from dataclasses import dataclass

import numpy as np
from sklearn.svm import LinearSVC

from directrix.learners.standardised import fit_normal


@dataclass(frozen=True)
class SvmLearner:
    """Squared hinge loss with penalty 1 / regularisation; the intercept is thrown away.

    Source: Shen et al., "Interpreting the Latent Space of GANs for Semantic Face Editing"
    (arXiv 1907.10786), section 3.2, with the faster primal solver in place of libsvm.
    """

    regularisation: float = 0.001
    """C of the machine, without unit: smaller is smoother."""
    iterations: int = 10_000

    def __call__(self, latents: np.ndarray, labels: np.ndarray, seed: int) -> np.ndarray:
        """latents [N, d], labels [N] in {0, 1} -> unit normal [d], positive towards 1."""
        machine = LinearSVC(
            C=self.regularisation,
            dual=False,
            random_state=seed % 2**32,
            max_iter=self.iterations,
        )
        return fit_normal(machine, latents, labels)
