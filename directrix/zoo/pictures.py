"""Pictures as training sees them: kept as bytes where they are many, floats a batch at a time."""

import torch
from torch import Tensor


def as_floats(images: Tensor) -> Tensor:
    """[N, C, H, W] in [-1, 1]: bytes are scaled, floats come back as they are."""
    return images.float() / 127.5 - 1 if images.dtype == torch.uint8 else images
