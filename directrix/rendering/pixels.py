"""Floats <-> pixels on the device of the network; the same rule as `archive.to_pixels`."""

import torch
from torch import Tensor


def to_pixels(images: Tensor) -> Tensor:
    """[N, C, H, W] -> uint8 [N, H, W, C]: clamp to [-1, 1], (x + 1) 127.5, half to even."""
    scaled = images.float().clamp(-1.0, 1.0).add(1.0).mul(127.5).round()
    return scaled.to(torch.uint8).permute(0, 2, 3, 1).contiguous()


def from_pixels(pixels: Tensor) -> Tensor:
    """uint8 [N, H, W, C] -> float32 [N, C, H, W]: x / 127.5 - 1, what predictors see."""
    return pixels.permute(0, 3, 1, 2).contiguous().float() / 127.5 - 1.0
