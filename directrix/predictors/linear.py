"""A predictor whose answers are known by hand: scores = B x + c for the flattened image x.

Tensors: "B" [K, C * H * W] and "c" [K]. A shipped fake, the twin of the linear generator.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from directrix.networks import AdapterConfig, check, check_names, read_config
from directrix.predictors.predictor import Predictor
from directrix.types import ImageCard, PredictorCard, Scorer


class LinearPredictor(Predictor):
    """scores = B x + c."""

    def __init__(self, card: PredictorCard, matrix: Tensor, offset: Tensor, device: torch.device):
        super().__init__(card, device)
        self._matrix, self._offset = matrix, offset

    def scores(self, images: Tensor) -> Tensor:
        return images.flatten(1) @ self._matrix.T + self._offset


def build(
    card: PredictorCard, arrays: Mapping[str, np.ndarray], device: torch.device
) -> LinearPredictor:
    """Raises ModelInvalid where card and tensors do not agree."""
    read_config(AdapterConfig, card.config)
    image = card.image
    outputs = len(card.scorers)
    shapes = {"B": (outputs, image.channels * image.height * image.width), "c": (outputs,)}
    for name, shape in shapes.items():
        check(name, shape, torch.float32, arrays)
    check_names(shapes, arrays)
    matrix, offset = (torch.tensor(arrays[name], device=device) for name in ("B", "c"))
    return LinearPredictor(card, matrix, offset, device)


def card(
    name: str,
    image: ImageCard,
    scorers: Sequence[str],
    task: Literal["classifier", "regressor"] = "classifier",
    **prose: Any,
) -> PredictorCard:
    """The card of a linear predictor; digest left empty."""
    return PredictorCard(
        name=name,
        architecture="linear",
        image=image,
        task=task,
        scorers=tuple(Scorer(name=scorer) for scorer in scorers),
        **prose,
    )


def reading(generator: Mapping[str, np.ndarray], directions: np.ndarray) -> dict[str, np.ndarray]:
    """Tensors of a predictor that reads directions [K, d] off a linear generator's images.

    generator: its tensors "A" and "b". Score k of the image of u is directions[k] . u, exactly
    but for the rounding of pixels: B = directions A^+, c = -B b.
    """
    matrix = generator["A"].astype(np.float64)
    reader = np.asarray(directions, np.float64) @ np.linalg.pinv(matrix)
    offset = -reader @ generator["b"].astype(np.float64)
    return {"B": reader.astype(np.float32), "c": offset.astype(np.float32)}
