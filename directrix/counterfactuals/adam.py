"""Adam: steps whose size does not depend on how steep a slope is.

Source: Kingma and Ba, "Adam" (arXiv 1412.6980), Algorithm 1.
"""

import numpy as np

BETAS, TINY = (0.9, 0.999), 1e-8


class Adam:
    """Of one walk over [K] numbers; each step depends on those before it."""

    def __init__(self, width: int):
        self._count = 0
        self._mean, self._square = np.zeros(width), np.zeros(width)

    def __call__(self, slope: np.ndarray) -> np.ndarray:
        """[K], upwards, about 1 a coordinate."""
        self._count += 1
        self._mean = BETAS[0] * self._mean + (1 - BETAS[0]) * slope
        self._square = BETAS[1] * self._square + (1 - BETAS[1]) * slope**2
        ahead = self._mean / (1 - BETAS[0] ** self._count)
        wide = np.sqrt(self._square / (1 - BETAS[1] ** self._count))
        return np.asarray(ahead / (wide + TINY))
