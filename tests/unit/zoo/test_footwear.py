"""Coloured footwear: on white, in its colour, by seed, in a layout that the recipe reads."""

import colorsys
import os
from pathlib import Path

import numpy as np
import pytest

from directrix.zoo import fashion_data
from directrix.zoo.footwear import HUES, colour_shoe, make_footwear
from directrix.zoo.image_folder import read_image_folder


def chance(seed: int = 0) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(seed))


@pytest.mark.parametrize("colour", list(HUES))
def test_the_shoe_has_the_hue_and_the_background_is_white(colour: str) -> None:
    image = np.full((28, 28), -1.0, np.float32)
    image[10:20, 5:25] = 0.8
    pixels = colour_shoe(image, colour, chance())
    assert (pixels[0, 0] == 255).all()
    hue = colorsys.rgb_to_hsv(*(pixels[15, 15] / 255))[0]
    away = abs(hue - HUES[colour])
    assert min(away, 1 - away) < 0.06
    assert np.array_equal(pixels, colour_shoe(image, colour, chance()))


@pytest.mark.slow
@pytest.mark.skipif(
    not fashion_data.FOLDER.exists() and not os.environ.get("CI"),
    reason="Debian's dataset-fashion-mnist is not installed",
)
def test_the_folder_is_one_that_the_recipe_reads(tmp_path: Path) -> None:
    assert make_footwear(tmp_path, each=30, seed=1) == 90
    folder = read_image_folder(tmp_path, side=32)
    assert folder.classes == ("boots", "sandals", "sneakers")
    assert tuple(folder.images.shape) == (90, 3, 32, 32)
    by_colour = read_image_folder(tmp_path, side=32, depth=2, least=1)
    assert {name.split("/")[1] for name in by_colour.classes} <= set(HUES)
