"""Classifiers of bright corners, and inversions that lack them."""

import numpy as np
import pytest

from directrix.audits.span import judge_span, regions
from directrix.types import SpanVerdict


def corner(images: np.ndarray) -> np.ndarray:
    """1 where the lower right corner is bright."""
    return (images[:, -4:, -4:].mean((1, 2, 3)) > 127).astype(int)


def everywhere(images: np.ndarray) -> np.ndarray:
    return (images.mean((1, 2, 3)) > 100).astype(int)


def pairs(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Images of which every second has a patch, and inversions without."""
    chance = np.random.Generator(np.random.Philox(1))
    inversions = chance.integers(0, 60, (count, 32, 32, 1)).astype(np.uint8)
    images = inversions.copy()
    images[::2, -4:, -4:] = 255
    return images, inversions


def test_a_patch_that_is_lost_is_found_where_it_is() -> None:
    images, inversions = pairs(24)
    lost = corner(images) != corner(inversions)
    found = {"size": np.zeros(24, int), "rate": np.zeros(24), "heat": np.zeros((24, 8, 8))}
    part = regions(images[lost], inversions[lost], corner)
    for name in found:
        found[name][lost] = part[name]
    span = judge_span(~lost, np.ones(24, bool), found, np.full(24, 0.01))
    assert span.verdict is SpanVerdict.OUTSIDE
    assert span.explained is not None
    assert span.explained.value == pytest.approx(0.5)
    assert span.region == (7 / 8, 7 / 8, 1, 1)
    assert span.chance == pytest.approx(1 / 64)


def test_a_patch_of_many_cells_lies_in_one_place_though_any_of_them_will_do() -> None:
    spread = np.zeros((24, 8, 8))
    spread[np.arange(24), np.arange(24) % 3, np.arange(24) // 3 % 3] = 1
    found = {"size": np.ones(24, int), "rate": np.full(24, 1 / 64), "heat": spread}
    lost, fair = np.zeros(24, bool), np.ones(24, bool)
    assert judge_span(lost, fair, found, np.zeros(24)).verdict is SpanVerdict.OUTSIDE
    found["heat"] = spread[:, np.arange(8) * 3 % 8]
    assert judge_span(lost, fair, found, np.zeros(24)).verdict is SpanVerdict.INSIDE


def test_a_change_that_no_small_square_explains_is_no_accusation() -> None:
    images, inversions = pairs(24)
    images = np.clip(images.astype(int) + 120, 0, 255).astype(np.uint8)
    assert (everywhere(images) != everywhere(inversions)).all()
    found = regions(images, inversions, everywhere)
    assert (found["size"] == 0).all()
    span = judge_span(np.zeros(24, bool), np.ones(24, bool), found, np.full(24, 0.2))
    assert span.verdict is SpanVerdict.INSIDE


@pytest.mark.parametrize("count, trusted", [(6, 1.0), (24, 0.25)])
def test_too_few_images_or_bad_inversions_tell_nothing(count: int, trusted: float) -> None:
    found = {"size": np.ones(count, int), "rate": np.zeros(count), "heat": np.ones((count, 8, 8))}
    fair = np.arange(count) < trusted * count
    span = judge_span(np.zeros(count, bool), fair, found, np.zeros(count))
    assert span.verdict is SpanVerdict.UNTOLD
