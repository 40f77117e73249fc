"""Labels: whether a classifier says of an inversion what it says of the image."""

import torch
from torch import Tensor

from directrix.batches import in_fixed_batches
from directrix.errors import PredictorMismatch
from directrix.predictors import Predictor


@torch.no_grad()
def label_kept(classifier: Predictor, images: Tensor, reconstructions: Tensor) -> Tensor:
    """Booleans [N] for images and reconstructions [N, C, H, W] in [-1, 1].

    Raises PredictorMismatch where the predictor is no classifier.
    """
    if classifier.card.task != "classifier":
        raise PredictorMismatch(
            f"predictor {classifier.card.name} is a {classifier.card.task}: a label takes a "
            "classifier"
        )
    before, after = (_labels(classifier, x.clamp(-1, 1)) for x in (images, reconstructions))
    return before == after


def _labels(classifier: Predictor, images: Tensor) -> Tensor:
    scores = in_fixed_batches(classifier.scores, images)
    return scores[:, 0] > 0 if scores.shape[1] == 1 else scores.argmax(1)
