"""A small network over latents whose gradient is followed: the learner of GradCtrl, corrected.

Source: Chen et al., "Exploring Gradient-based Multi-directional Controls in GANs" (ECCV 2022), by
its released code: Linear - LeakyReLU - Linear, binary cross-entropy, Adam, steps along the
normalised gradient. `alignment` is ours: where a low-density sample and its source are known, the
gradient at the source is to point from one to the other, as nothing but the target changed there.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from directrix.walks.fields import SLOPE


@dataclass(frozen=True, eq=False)
class Perceptron:
    """f(u) = w2 . leaky_relu(w1 u + b1), in the latents' own unit: w1 [h, d], b1, w2 [h]."""

    w1: np.ndarray
    b1: np.ndarray
    w2: np.ndarray

    def arrays(self) -> Mapping[str, np.ndarray]:
        return {"w1": self.w1, "b1": self.b1, "w2": self.w2}

    def heading(self, codes: np.ndarray) -> np.ndarray:
        """Unit gradients [n, d] at codes [n, d]."""
        slopes = np.where(codes @ self.w1.T + self.b1 > 0, 1.0, SLOPE)
        gradient = (slopes * self.w2) @ self.w1
        length = np.linalg.norm(gradient, axis=1, keepdims=True)
        return gradient / np.where(length > 0, length, 1.0)


@dataclass(frozen=True)
class FieldLearner:
    """Settings of the fit; all batches and weights are seeded."""

    hidden: int = 64
    epochs: int = 30
    rate: float = 3e-3
    batch: int = 64
    decay: float = 1e-3
    alignment: float = 1.0
    """Weight of 1 - cosine between gradient and pair, against the cross-entropy."""

    def __call__(
        self,
        codes: np.ndarray,
        labels: np.ndarray,
        seed: int,
        pairs: tuple[np.ndarray, np.ndarray] | None = None,
    ) -> Perceptron:
        """codes [N, d], labels [N] in {0, 1}; pairs: (sources [m, d], turned changes [m, d])."""
        values = codes.astype(np.float64)
        centre, spread = values.mean(0), float(np.sqrt(values.var(0).mean()))
        chance = torch.Generator().manual_seed(seed % 2**63)
        network = _Network(codes.shape[1], self.hidden, chance)
        points, wanted = _tensor((values - centre) / spread), _tensor(labels)
        beside = None
        if pairs is not None and len(pairs[0]) and self.alignment:
            beside = _tensor((pairs[0] - centre) / spread), _tensor(pairs[1] / spread)
        with torch.inference_mode(False), torch.enable_grad():
            self._train(network, points, wanted, beside, chance)
        w1 = network.w1.detach().numpy().astype(np.float64) / spread
        b1 = network.b1.detach().numpy().astype(np.float64) - w1 @ centre
        return Perceptron(w1, b1, network.w2.detach().numpy().astype(np.float64))

    def _train(
        self,
        network: "_Network",
        points: Tensor,
        wanted: Tensor,
        beside: tuple[Tensor, Tensor] | None,
        chance: torch.Generator,
    ) -> None:
        adam = torch.optim.AdamW(network.parameters(), lr=self.rate, weight_decay=self.decay)
        for _ in range(self.epochs):
            for rows in torch.randperm(len(points), generator=chance).split(self.batch):
                logits = network(points[rows])
                loss = nn.functional.binary_cross_entropy_with_logits(logits, wanted[rows])
                if beside is not None:
                    headings = network.gradient(beside[0])
                    agree = nn.functional.cosine_similarity(headings, beside[1], dim=1)
                    loss = loss + self.alignment * (1 - agree).mean()
                adam.zero_grad()
                loss.backward()
                adam.step()


class _Network(nn.Module):
    """In common SDs of the latents around their mean."""

    def __init__(self, width: int, hidden: int, chance: torch.Generator):
        super().__init__()
        self.w1 = nn.Parameter(torch.randn(hidden, width, generator=chance) / width**0.5)
        self.b1 = nn.Parameter(torch.zeros(hidden))
        self.w2 = nn.Parameter(torch.randn(hidden, generator=chance) / hidden**0.5)
        self.bias = nn.Parameter(torch.zeros(()))

    def forward(self, points: Tensor) -> Tensor:
        before = points @ self.w1.T + self.b1
        return nn.functional.leaky_relu(before, SLOPE) @ self.w2 + self.bias

    def gradient(self, points: Tensor) -> Tensor:
        slopes = torch.where(points @ self.w1.T + self.b1 > 0, 1.0, SLOPE)
        return (slopes * self.w2) @ self.w1


def _tensor(values: np.ndarray) -> Tensor:
    return torch.tensor(np.asarray(values, np.float32))
