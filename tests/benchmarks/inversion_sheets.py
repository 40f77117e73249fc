"""Pictures of inversions, for eyes: an image a column, a way a row, errors on the left."""

from dataclasses import dataclass

import numpy as np
from torch import Tensor

from directrix.client.sheets import Sheet

COLUMNS = 10


@dataclass(frozen=True, eq=False)
class Way:
    """Reconstructions [N, C, H, W] in [-1, 1] by one way, and their errors [N]."""

    name: str
    made: Tensor
    errors: Tensor


def sheet(images: Tensor, ways: list[Way]) -> bytes:
    """A PNG: the originals above, then every way with its mean error over all its images."""
    rows = [_row(images), *(_row(way.made) for way in ways)]
    labels = [
        "original",
        *(f"{way.name.replace('plus', '+')} {way.errors.mean():.3f}" for way in ways),
    ]
    return Sheet(tuple(rows), tuple(labels), ("",) * COLUMNS).png(3)


def _row(images: Tensor) -> tuple[np.ndarray, ...]:
    pixels = ((images[:COLUMNS] + 1) * 127.5).round().byte().permute(0, 2, 3, 1).numpy()
    return tuple(pixels)
