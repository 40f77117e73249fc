"""A predictor that tells its scores and nothing else: no gradient, no feature maps.

What a card with `differentiable: false` makes of any architecture, and the face of classifiers
that could not be differentiated if one wanted to.
"""

import torch
from torch import Tensor

from directrix.predictors.predictor import Predictor


class Opaque(Predictor):
    """A black box around another predictor."""

    def __init__(self, inner: Predictor):
        card = inner.card.model_copy(update={"differentiable": False})
        super().__init__(card, inner.device)
        self._inner = inner

    @torch.no_grad()
    def scores(self, images: Tensor) -> Tensor:
        """Detached from the images."""
        return self._inner.scores(images.detach())
