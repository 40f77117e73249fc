"""Pictures of the avatars' world, for eyes: what each factor does, and drawn beside generated."""

import numpy as np
import torch
from torch import Tensor

from directrix.client.sheets import Sheet
from directrix.predictors.segmenter import SegmenterPredictor
from directrix.zoo.avatars import rulers
from directrix.zoo.avatars.factors import NAMES
from directrix.zoo.avatars.renderer import render

COLUMNS, ROWS = 12, 4
STEPS = 7
"""Values of each factor, from -1 to 1."""
COLOURS = np.array(
    [
        [232, 232, 236],
        [92, 96, 150],
        [240, 196, 160],
        [110, 64, 36],
        [40, 30, 30],
        [70, 170, 220],
        [206, 50, 70],
        [20, 120, 90],
    ],
    np.uint8,
)
"""Of the parts, in their order."""


def factors() -> bytes:
    """A PNG: one row a factor, everything else held."""
    base = np.zeros((1, len(NAMES)), np.float32)
    for name, value in {"hair_length": -0.2, "glasses": -1, "age_lines": -1}.items():
        base[0, NAMES.index(name)] = value
    values = np.repeat(base, len(NAMES) * STEPS, 0).reshape(len(NAMES), STEPS, -1)
    ladder = np.linspace(-1, 1, STEPS)
    for i in range(len(NAMES)):
        values[i, :, i] = ladder
    images = torch.from_numpy(render(values.reshape(-1, len(NAMES))).images)
    tiles = [_pixels(image) for image in images]
    rows = tuple(tuple(tiles[i * STEPS : (i + 1) * STEPS]) for i in range(len(NAMES)))
    labels = tuple(name.replace("_", " ") for name in NAMES)
    return Sheet(rows, labels, tuple(f"{value:+.1f}" for value in ladder)).png(2)


def populations(
    drawn: Tensor, labels: np.ndarray, made: Tensor, segmenter: SegmenterPredictor
) -> bytes:
    """A PNG: drawn avatars and their true parts above; generated ones, and the parts that the
    segmenter sees, below."""
    count = ROWS * COLUMNS
    last = slice(count - COLUMNS, count)
    seen = rulers.labels(segmenter, made[last])
    rows = [
        *_rows([_pixels(image) for image in drawn[:count]]),
        *_rows(list(COLOURS[labels[last]])),
        *_rows([_pixels(image) for image in made[:count]]),
        *_rows(list(COLOURS[seen])),
    ]
    blank = ("",) * (ROWS - 1)
    names = ("drawn", *blank, "its parts", "generated", *blank, "its parts")
    return Sheet(tuple(rows), names, ("",) * COLUMNS).png(2)


def _rows(tiles: list[np.ndarray]) -> list[tuple[np.ndarray, ...]]:
    return [tuple(tiles[i : i + COLUMNS]) for i in range(0, len(tiles), COLUMNS)]


def _pixels(image: Tensor) -> np.ndarray:
    """uint8 [H, W, 3] of an image [3, H, W] in [-1, 1]."""
    return ((image + 1) * 127.5).round().byte().permute(1, 2, 0).numpy()
