"""Scoring: pixels -> scores of several predictors side by side."""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

from directrix.batches import Steady
from directrix.predictors import Predictor
from directrix.rendering.drawing import precision
from directrix.rendering.pixels import from_pixels
from directrix.types import Form

PROBES = 8
"""Batches that decide how scores are computed; an image has few of them."""


class Scoring:
    """The predictors of one renderer. probe(i): uint8 [BATCH, H, W, C], images for measuring."""

    def __init__(self, predictors: Sequence[Predictor], probe: Callable[[int], Tensor]):
        self._predictors = tuple(predictors)
        self._steady = Steady(self._predict, lambda i: from_pixels(probe(i)), PROBES)

    @property
    def width(self) -> int:
        """K, the number of all scorers."""
        return sum(len(predictor.scorers) for predictor in self._predictors)

    def scores(self, pixels: Tensor, form: Form) -> np.ndarray:
        """uint8 [n, H, W, C] -> float32 [n, K]."""
        if not self._predictors:
            return np.empty((len(pixels), 0), np.float32)
        images = from_pixels(pixels)
        network = self._predict if form is Form.PREVIEW else self._steady
        with precision(form, pixels.device):
            return network(images).float().cpu().numpy()

    def _predict(self, images: Tensor) -> Tensor:
        return torch.cat([predictor.scores(images) for predictor in self._predictors], 1)
