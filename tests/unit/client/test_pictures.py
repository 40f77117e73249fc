import io

import numpy as np
import pytest
from PIL import Image

from directrix.client.pictures import (
    RECIPE_CHUNK,
    Picture,
    encode_png,
    png_with_recipe,
    read_recipe,
    recipe_json,
)
from directrix.v1.values_pb2 import Recipe, SeedSource


@pytest.mark.parametrize("channels", [1, 3])
def test_a_png_keeps_pixels_and_recipe(channels):
    pixels = np.arange(5 * 4 * channels, dtype=np.uint8).reshape(5, 4, channels)
    recipe = Recipe(generator="projects/p/models/m", seed=SeedSource(seed=2**53 + 1, index=3))
    data = png_with_recipe(Picture(pixels.tobytes(), "raw", 5, 4, channels, ""), recipe)
    assert read_recipe(data) == recipe
    again = Picture(data, "png", 5, 4, channels, "")
    np.testing.assert_array_equal(again.image, pixels)
    assert RECIPE_CHUNK in Image.open(io.BytesIO(data)).text


def test_a_json_recipe():
    recipe = Recipe(generator="projects/p/models/m", truncation=0.7)
    assert read_recipe(recipe_json(recipe, indent=2).encode()) == recipe


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (b"{", "not a recipe"),
        (b'{"wrong": 1}', "not a recipe"),
        (b"\x89PNG broken", "not a whole PNG"),
        (encode_png(np.zeros((2, 2, 1), np.uint8)), "no text chunk"),
    ],
)
def test_what_holds_no_recipe(data, complaint):
    with pytest.raises(ValueError, match=complaint):
        read_recipe(data)
