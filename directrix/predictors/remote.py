"""Adapter of predictors that another service runs: a card, no tensors, and a way to ask.

The config is `directrix.foreign.RemoteConfig`. A black box: scores and nothing else.
"""

import numpy as np
import torch
from torch import Tensor

from directrix.batches import BATCH
from directrix.errors import RemoteMismatch
from directrix.foreign import Exchange, RemoteConfig, size_of
from directrix.predictors.foreign_input import encode, scores_of
from directrix.predictors.predictor import Predictor
from directrix.types import PredictorCard


class RemotePredictor(Predictor):
    """A model of another service behind the predictors' face; at most BATCH pictures a call."""

    def __init__(
        self, card: PredictorCard, config: RemoteConfig, exchange: Exchange, device: torch.device
    ):
        super().__init__(card, device)
        self._config, self._exchange = config, exchange
        self._size = size_of(card, config)
        self._outputs = sorted({reading.output for reading in config.readings})

    @torch.no_grad()
    def scores(self, images: Tensor) -> Tensor:
        """Detached from the images. Raises what `Exchange.ask` raises."""
        rows = encode(images, self._config, self._size)
        parts = [self._ask(rows[i : i + BATCH]) for i in range(0, len(rows), BATCH)]
        found = np.concatenate(parts) if parts else np.zeros((0, len(self.scorers)), np.float32)
        return torch.from_numpy(found).to(self.device)

    def _ask(self, batch: np.ndarray) -> np.ndarray:
        answers = self._exchange.ask(self._config, batch, self._outputs)
        try:
            return scores_of(answers, self._config, len(batch))
        except ValueError as error:
            alias = self._config.alias
            raise RemoteMismatch(
                f"the remote predictor {alias} answers otherwise than the card says: {error}",
                alias=alias,
            ) from error
