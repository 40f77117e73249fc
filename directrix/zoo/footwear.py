"""Coloured footwear: a folder of RGB pictures made from Fashion-MNIST's shoes.

For trying out the recipe of image folders where no photographs are at hand. A picture is one of
Fashion-MNIST's sandals, sneakers or boots on white, in one of six colours whose hue, saturation and
lightness are drawn anew for each; directories: <kind>/<colour>/<split>/<number>.png.
"""

import colorsys
from pathlib import Path

import numpy as np
from PIL import Image

from directrix.zoo import fashion_data

KINDS = {"boot": "boots", "sandal": "sandals", "sneaker": "sneakers"}
HUES = {"red": 0.0, "orange": 0.08, "yellow": 0.15, "green": 0.36, "blue": 0.6, "purple": 0.78}
"""Middle of each colour's hues, in turns."""
HUE_SPREAD = 0.015


def make_footwear(out: Path, each: int, seed: int) -> int:
    """Writes `each` pictures [28, 28, 3] of every kind; returns how many. Raises DataMissing."""
    images, labels = fashion_data.load("train")
    chance = np.random.Generator(np.random.Philox(seed))
    for name, directory in KINDS.items():
        rows = np.flatnonzero(labels == fashion_data.CLASSES.index(name))[:each]
        for number, row in enumerate(rows):
            colour = str(chance.choice(list(HUES)))
            folder = out / directory / colour / "train"
            folder.mkdir(parents=True, exist_ok=True)
            pixels = colour_shoe(images[row, 0], colour, chance)
            Image.fromarray(pixels).save(folder / f"{number:05d}.png")
    return len(list(out.glob("*/*/*/*.png")))


def colour_shoe(image: np.ndarray, colour: str, chance: np.random.Generator) -> np.ndarray:
    """A grey shoe on black [H, W] in [-1, 1] -> a coloured one on white, uint8 [H, W, 3].

    What is bright becomes the colour, what is dark its shade; the background turns white along the
    shoe's soft edge.
    """
    light = (image + 1) / 2
    hue = (HUES[colour] + HUE_SPREAD * chance.standard_normal()) % 1.0
    saturation, value = chance.uniform(0.55, 0.95), chance.uniform(0.75, 1.0)
    tint = np.array(colorsys.hsv_to_rgb(hue, saturation, value))
    cover = np.clip(light / 0.2, 0, 1)[..., None]
    shoe = (0.25 + 0.75 * light)[..., None] * tint
    return np.round(255 * (cover * shoe + 1 - cover)).astype(np.uint8)
