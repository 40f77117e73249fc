"""Predictors: one adapter a file, found by the `architecture` of the model card."""

from collections.abc import Mapping

import numpy as np
import torch

from directrix.errors import ModelInvalid
from directrix.predictors import (
    convolutional,
    face_attributes,
    face_identity,
    face_landmarks,
    linear,
    onnx,
    segmenter,
)
from directrix.predictors.opaque import Opaque
from directrix.predictors.predictor import Embedder, Predictor, embedder
from directrix.types import ModelCard, PredictorCard

__all__ = ["Embedder", "Opaque", "Predictor", "architectures", "build", "embedder"]

_ADAPTERS = {
    "convolutional": convolutional.build,
    "face-attributes": face_attributes.build,
    "face-identity": face_identity.build,
    "face-landmarks": face_landmarks.build,
    "linear": linear.build,
    "onnx": onnx.build,
    "segmenter": segmenter.build,
}


def architectures() -> tuple[str, ...]:
    """The architectures that cards may name."""
    return tuple(_ADAPTERS)


def build(card: ModelCard, arrays: Mapping[str, np.ndarray], device: torch.device) -> Predictor:
    """The frozen predictor of a card and its tensors, on `device`.

    Raises ModelInvalid where the architecture is unknown or the tensors are not the card's.
    """
    if not isinstance(card, PredictorCard):
        raise ModelInvalid(f"model {card.name} is a {card.kind}, not a predictor")
    if card.architecture not in _ADAPTERS:
        raise ModelInvalid(
            f"no predictor has the architecture {card.architecture!r}: there are "
            f"{', '.join(_ADAPTERS)}"
        )
    built = _ADAPTERS[card.architecture](card, arrays, device)
    return built if card.differentiable else Opaque(built)
