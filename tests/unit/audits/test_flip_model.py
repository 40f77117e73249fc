"""Flips foretold from pictures."""

import numpy as np
import pytest

from directrix.audits.flip_model import fit_flips, pooled, predict_flips
from directrix.types import Named, Stride

STRIDE = Stride(finding=Named(finding_set="s", index=0), alpha=1.0)


def pictures(seed: int, count: int) -> np.ndarray:
    chance = np.random.Generator(np.random.Philox(seed))
    return chance.integers(0, 256, (count, 14, 14, 1)).astype(np.uint8)


def margins(images: np.ndarray) -> np.ndarray:
    """What is left is told by the upper left corner."""
    return images[:, :4, :4].mean((1, 2, 3)) / 255 - 0.5


def test_pooling_takes_means_of_cells_also_where_they_do_not_divide() -> None:
    image = np.zeros((1, 3, 4, 1), np.uint8)
    image[0, :2, :2] = 255
    assert pooled(image, 2) == pytest.approx(np.array([[1.0, 0, 0, 0]]))
    assert pooled(image, 1) == pytest.approx(np.array([[4 / 12]]))


def test_a_margin_that_pictures_tell_is_foretold_of_other_pictures() -> None:
    model = fit_flips(STRIDE, pictures(0, 300), margins(pictures(0, 300)))
    held = pictures(1, 200)
    scores, left = predict_flips(model, held), margins(held)
    assert np.corrcoef(scores, -left)[0, 1] > 0.99
    assert ((scores > 0) == (left < 0)).mean() > 0.9


def test_what_pictures_do_not_tell_is_foretold_alike() -> None:
    images = pictures(0, 300)
    noise = np.random.Generator(np.random.Philox(7)).standard_normal(300)
    model = fit_flips(STRIDE, images, noise)
    assert np.std(predict_flips(model, images)) < 0.5
