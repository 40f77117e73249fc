"""What a method sees of a latent: its picture and all scores of it, in batches, differentiable."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from directrix.generators import Generator
from directrix.predictors import Predictor
from directrix.types import Space

BATCH = 64
"""Codes that are held at once."""


@dataclass(frozen=True, eq=False)
class Reader:
    """Reads codes of one space: [N, d], or [N, layers, d] in W+."""

    generator: Generator
    networks: Sequence[Predictor]
    space: Space

    def images(self, codes: Tensor) -> Tensor:
        """[N, C, H, W] in [-1, 1]."""
        return self.generator.synthesise(codes, self.space).clamp(-1, 1)

    def judge(self, images: Tensor) -> Tensor:
        """Scores [N, K] of images, the networks' scorers side by side."""
        return torch.cat([network.scores(images) for network in self.networks], 1)

    @torch.no_grad()
    def scores(self, codes: np.ndarray) -> np.ndarray:
        """[N, K] float32."""
        parts = [self.judge(self.images(self.tensor(rows))) for rows in batches(codes)]
        return torch.cat(parts).cpu().numpy()

    def tensor(self, codes: np.ndarray) -> Tensor:
        return torch.tensor(codes, dtype=torch.float32, device=self.generator.device)


def batches(rows: np.ndarray) -> list[np.ndarray]:
    """Pieces of at most BATCH rows."""
    return [rows[start : start + BATCH] for start in range(0, max(len(rows), 1), BATCH)]
