"""Factors -> pictures of avatars, with exact part masks and landmarks."""

from dataclasses import dataclass

import numpy as np

from directrix.zoo.avatars import palette
from directrix.zoo.avatars.factors import NAMES, sample
from directrix.zoo.avatars.geometry import Geometry, landmarks, place
from directrix.zoo.avatars.layers import PARTS, layers
from directrix.zoo.avatars.shapes import pixels

SIZE = 32
"""Height and width in pixels of what the models are trained on."""

CHUNK = 64
"""Avatars drawn at once: their fields fit the processor's cache."""


@dataclass(frozen=True)
class Avatars:
    """Drawn faces and all that is true of them."""

    images: np.ndarray
    """float32 [N, 3, H, W] in [-1, 1]."""
    masks: np.ndarray
    """float32 [N, P, H, W]: the share of each pixel that shows each of PARTS; they sum to 1."""
    landmarks: np.ndarray
    """float32 [N, L, 2] of x and y in [-1, 1]."""
    values: np.ndarray
    """float32 [N, F], the factors."""

    @property
    def labels(self) -> np.ndarray:
        """int64 [N, H, W]: the part that shows most of each pixel."""
        return self.masks.argmax(1)


def draw(seed: int, start: int, count: int, dial: float = 0.0, size: int = SIZE) -> Avatars:
    """Avatars start .. start + count of a seed. Raises InvalidField."""
    return render(sample(seed, start, count, dial), size)


def render(values: np.ndarray, size: int = SIZE) -> Avatars:
    """Avatars with these factors [N, F]; each depends on its own row alone."""
    images = np.empty((len(values), 3, size, size), np.float32)
    masks = np.empty((len(values), len(PARTS), size, size), np.float32)
    marks = np.empty((len(values), *landmarks(place(values[:0])).shape[1:]), np.float32)
    for start in range(0, len(values), CHUNK):
        rows = slice(start, start + CHUNK)
        geometry = place(values[rows])
        _paint(values[rows], geometry, images[rows], masks[rows])
        marks[rows] = landmarks(geometry)
    return Avatars(images, masks, marks, values)


def _paint(values: np.ndarray, geometry: Geometry, images: np.ndarray, masks: np.ndarray) -> None:
    """Lays the layers from front to back: what the ones before leave free shows the next."""
    size = images.shape[2]
    x, y = pixels(size)
    free = np.ones((len(values), size, size), np.float32)
    images[:] = 0
    masks[:] = 0
    for layer in layers(values, geometry, size):
        shown = free * layer.cover
        free -= shown
        masks[:, PARTS.index(layer.part)] += shown
        images += shown[:, None] * layer.colour[:, :, None, None]
    column = {name: values[:, i, None, None] for i, name in enumerate(NAMES)}
    images *= (1 + 0.34 * column["light"] * np.clip(x / 0.65, -1, 1))[:, None]
    backdrop = palette.ramp(palette.BACKGROUND, column["background"][:, 0, 0])
    images += (free * (1 - 0.10 * y))[:, None] * backdrop[:, :, None, None]
    masks[:, PARTS.index("background")] = free
    np.clip(images, 0, 1, out=images)
    images *= 2
    images -= 1
