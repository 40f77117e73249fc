"""The fixed judge of Fashion-MNIST generators: features and classes of a classifier of its own.

It is a ruler that no model here was trained on, and no part of the product: the file lies beside
the checkout, in ../shared/data.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import Tensor

FILE = Path(__file__).resolve().parents[3] / "shared" / "data" / "fashion-judge.safetensors"
BLOCKS = (("f.0", "f.1"), ("f.3", "f.4"), ("f.6",))
"""Conv 3x3, BatchNorm, ReLU each; behind every group a 2x2 max-pooling."""
CHUNK = 500


@dataclass(frozen=True)
class Judge:
    """Images [N, 1, 28, 28] in [-1, 1] -> features [N, 128] and classes [N]."""

    tensors: Mapping[str, Tensor]

    @torch.inference_mode()
    def __call__(self, images: Tensor) -> tuple[Tensor, Tensor]:
        parts = [self._judge(chunk.clamp(-1, 1)) for chunk in images.split(CHUNK)]
        features, logits = (torch.cat(part) for part in zip(*parts, strict=True))
        return features, logits.argmax(1)

    def _judge(self, x: Tensor) -> tuple[Tensor, Tensor]:
        for group in BLOCKS:
            for name in group:
                x = self._block(x, name)
            x = F.max_pool2d(x, 2)
        features = F.relu(self._linear(x.flatten(1), "fc1"))
        return features, self._linear(features, "fc2")

    def _block(self, x: Tensor, name: str) -> Tensor:
        t = self.tensors
        norm = [t[f"{name}.1.{part}"] for part in ("running_mean", "running_var", "weight", "bias")]
        return F.relu(F.batch_norm(F.conv2d(x, t[f"{name}.0.weight"], padding=1), *norm))

    def _linear(self, x: Tensor, name: str) -> Tensor:
        return F.linear(x, self.tensors[f"{name}.weight"], self.tensors[f"{name}.bias"])


def load() -> Judge:
    """Raises SystemExit, saying what is missing, where the file is not there."""
    if not FILE.exists():
        raise SystemExit(f"this benchmark needs the judge of Fashion-MNIST generators: {FILE}")
    return Judge(load_file(FILE))
