"""Predictors: one adapter a file, found by the `architecture` of the model card."""

from collections.abc import Mapping

import numpy as np
import torch

from directrix.errors import ModelInvalid, NeedsUnmet
from directrix.foreign import Exchange, check_remote
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
from directrix.predictors.remote import RemotePredictor
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

REMOTE = "remote"
"""The architecture of predictors that are reached, not built."""


def architectures() -> tuple[str, ...]:
    """The architectures that cards may name."""
    return (*_ADAPTERS, REMOTE)


def build(
    card: ModelCard,
    arrays: Mapping[str, np.ndarray],
    device: torch.device,
    exchange: Exchange | None = None,
) -> Predictor:
    """The frozen predictor of a card and its tensors, on `device`.

    exchange: how predictors that others run are reached. Raises ModelInvalid where the architecture
    is unknown or the tensors are not the card's; of remote predictors RemoteUnknown, and NeedsUnmet
    without an exchange.
    """
    if not isinstance(card, PredictorCard):
        raise ModelInvalid(f"model {card.name} is a {card.kind}, not a predictor")
    if card.architecture == REMOTE:
        return Opaque(_remote(card, arrays, device, exchange))
    if card.architecture not in _ADAPTERS:
        raise ModelInvalid(
            f"no predictor has the architecture {card.architecture!r}: there are "
            f"{', '.join(architectures())}"
        )
    built = _ADAPTERS[card.architecture](card, arrays, device)
    return built if card.differentiable else Opaque(built)


def _remote(
    card: PredictorCard,
    arrays: Mapping[str, np.ndarray],
    device: torch.device,
    exchange: Exchange | None,
) -> RemotePredictor:
    config = check_remote(card, arrays)
    if exchange is None:
        raise NeedsUnmet(
            f"predictor {card.name} is run by another service, which nothing here can reach"
        )
    exchange.check(config.alias)
    return RemotePredictor(card, config, exchange, device)
