"""Adapter of face attributes: age, gender and seven expressions, as two small networks see them.

Source: `ageGenderNet` and `faceExpressionNet` of face-api (npm `@vladmandic/face-api` 1.7.15, MIT).
Tensors: the state of an `AttributeNetwork`. Scores are opinions of these networks about pictures,
not facts about persons: what they are for here is to be steered along, and audited.
"""

from collections.abc import Mapping

import numpy as np
import torch
from pydantic import Field
from torch import Tensor, nn

from directrix.networks import AdapterConfig, Width, read_config
from directrix.predictors.face_features import DenseFeatures, XceptionFeatures
from directrix.predictors.face_layers import centre, check_card, load_last, resize
from directrix.predictors.predictor import Predictor
from directrix.types import PredictorCard

EXPRESSIONS = ("neutral", "happy", "sad", "angry", "fearful", "disgusted", "surprised")
SCORERS = ("age", "male", *EXPRESSIONS)
"""age: years. The others: the log-odds of that answer against all others of its network."""


class Config(AdapterConfig):
    """config of a card whose architecture is "face-attributes".

    side: pixels of the square input. body and middle: widths and main blocks of the network of age
    and gender. expression: widths of the other one's dense blocks. mirror: whether scores are the
    mean over the picture and its mirror image, which halves the speed and lessens the noise.
    """

    side: int = Field(ge=16, le=512)
    body: tuple[Width, Width, Width, Width, Width]
    middle: int = Field(ge=0, le=16)
    expression: tuple[Width, ...] = Field(min_length=1, max_length=6)
    mirror: bool = False


class AttributeNetwork(nn.Module):
    """Pixels [N, 3, side, side] in 0..255 -> outputs of the two networks, as they are."""

    def __init__(self, config: Config):
        super().__init__()
        self.body = XceptionFeatures(config.body, config.middle)
        self.age = nn.Linear(config.body[-1], 1)
        self.gender = nn.Linear(config.body[-1], 2)
        self.face = DenseFeatures(config.expression)
        self.expression = nn.Linear(config.expression[-1], len(EXPRESSIONS))

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Ages [N], logits of (male, female) [N, 2], logits of the expressions [N, 7]."""
        x = centre(pixels)
        body = self.body(x)
        return self.age(body)[:, 0], self.gender(body), self.expression(self.face(x))


class AttributePredictor(Predictor):
    """A frozen `AttributeNetwork` behind the predictors' face."""

    def __init__(
        self, card: PredictorCard, config: Config, network: AttributeNetwork, device: torch.device
    ):
        super().__init__(card, device)
        self._config, self._network = config, network
        self._columns = [SCORERS.index(name) for name in self.scorers]

    def scores(self, images: Tensor) -> Tensor:
        scores = self._once(images)
        if self._config.mirror:
            scores = (scores + self._once(images.flip(3))) / 2
        return scores[:, self._columns]

    def _once(self, images: Tensor) -> Tensor:
        """[N, 9] in the order of `SCORERS`."""
        age, gender, expression = self._network(resize(images, self._config.side))
        return torch.cat([age[:, None], _log_odds(gender)[:, :1], _log_odds(expression)], 1)


def build(
    card: PredictorCard, arrays: Mapping[str, np.ndarray], device: torch.device
) -> AttributePredictor:
    """Raises ModelInvalid where card and tensors do not agree."""
    config = read_config(Config, card.config)
    check_card(card, SCORERS)
    network = load_last(lambda: AttributeNetwork(config), arrays, device)
    return AttributePredictor(card, config, network, device)


def _log_odds(logits: Tensor) -> Tensor:
    """Logits [N, K] of a softmax -> log(p / (1 - p)) [N, K]."""
    classes = logits.shape[1]
    others = ~torch.eye(classes, dtype=torch.bool, device=logits.device)
    rest = logits[:, None, :].expand(-1, classes, -1)[:, others].unflatten(1, (classes, -1))
    return logits - torch.logsumexp(rest, 2)
