"""Evolution: points by chance around a mean that moves to the best of them, as wide as that helps.

Of a search for the largest value of a function that is rough, of some tens of variables, and of
which nothing is known but its values.

Source: Hansen, "The CMA Evolution Strategy: A Tutorial" (arXiv 1604.00772), Figure 6 with the
constants of Table 1, without negative weights.
"""

import numpy as np


class Evolution:
    """width: K, of the variables. size: points of a generation. deviation: of the first one.

    Points are [size, K] around 0; the same seed and the same values give the same points.
    """

    def __init__(self, width: int, size: int, deviation: float, seed: int):
        self._width, self._size, self._deviation = width, size, deviation
        self._chance = np.random.Generator(np.random.Philox(seed))
        weights = np.log((size + 1) / 2) - np.log(np.arange(1, size // 2 + 1))
        self._weights = weights / weights.sum()
        self._mass = 1 / float(np.square(self._weights).sum())
        self._mean, self._covariance = np.zeros(width), np.eye(width)
        self._path, self._drift = np.zeros(width), np.zeros(width)
        self._count = 0
        self._steps = np.zeros((size, width))

    def ask(self) -> np.ndarray:
        """The next generation."""
        spans, axes = np.linalg.eigh(self._covariance)
        spans = np.sqrt(np.maximum(spans, 1e-12))
        self._whiten = axes / spans @ axes.T
        self._steps = self._chance.standard_normal((self._size, self._width)) * spans @ axes.T
        return np.asarray(self._mean + self._deviation * self._steps)

    def tell(self, values: np.ndarray) -> None:
        """values: of the generation that was asked for last [size], the larger the better."""
        width, mass = self._width, self._mass
        chosen = self._steps[np.argsort(-values, kind="stable")[: len(self._weights)]]
        step = self._weights @ chosen
        self._mean = self._mean + self._deviation * step
        self._count += 1
        rate = (mass + 2) / (width + mass + 5)
        self._drift = (1 - rate) * self._drift
        self._drift += np.sqrt(rate * (2 - rate) * mass) * (self._whiten @ step)
        usual = np.sqrt(width) * (1 - 1 / (4 * width) + 1 / (21 * width**2))
        pace = float(np.linalg.norm(self._drift) / usual)
        damping = 1 + rate + 2 * max(0.0, np.sqrt((mass - 1) / (width + 1)) - 1)
        self._spread(chosen, step, pace / np.sqrt(1 - (1 - rate) ** (2 * self._count)))
        self._deviation *= float(np.exp(rate / damping * (pace - 1)))

    def _spread(self, chosen: np.ndarray, step: np.ndarray, pace: float) -> None:
        """The covariance, towards that of the steps that were best."""
        width, mass = self._width, self._mass
        rate = (4 + mass / width) / (width + 4 + 2 * mass / width)
        self._path = (1 - rate) * self._path
        if pace < 1.4 + 2 / (width + 1):
            self._path += np.sqrt(rate * (2 - rate) * mass) * step
        one = 2 / ((width + 1.3) ** 2 + mass)
        many = min(1 - one, 2 * (mass - 2 + 1 / mass) / ((width + 2) ** 2 + mass))
        self._covariance = (
            (1 - one - many) * self._covariance
            + one * np.outer(self._path, self._path)
            + many * (chosen.T * self._weights) @ chosen
        )
