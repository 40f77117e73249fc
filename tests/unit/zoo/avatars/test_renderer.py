"""Pictures, masks and landmarks of avatars agree with their factors and with one another."""

import numpy as np
import pytest

from directrix.zoo.avatars.factors import NAMES
from directrix.zoo.avatars.geometry import LANDMARKS
from directrix.zoo.avatars.layers import PARTS
from directrix.zoo.avatars.renderer import Avatars, draw, render

COUNT = 300
PART_OF = {
    "left_eye": ("eyes",),
    "right_eye": ("eyes",),
    "left_brow": ("brows",),
    "right_brow": ("brows",),
    "nose": ("skin",),
    "mouth_left": ("mouth",),
    "mouth_right": ("mouth",),
    "mouth": ("mouth",),
    "chin": ("skin",),
}


def plain(**values: float) -> Avatars:
    row = np.zeros((1, len(NAMES)), np.float32)
    row[0, [NAMES.index("glasses"), NAMES.index("age_lines")]] = -1
    for name, value in values.items():
        row[0, NAMES.index(name)] = value
    return render(row)


def area(avatar: Avatars, part: str) -> float:
    return float(avatar.masks[0, PARTS.index(part)].sum())


def test_a_picture_depends_on_its_seed_and_place_alone():
    whole = draw(3, 0, 150, dial=0.8)
    part = draw(3, 100, 7, dial=0.8)
    assert np.array_equal(part.images, whole.images[100:107])
    assert np.array_equal(part.masks, whole.masks[100:107])
    assert np.array_equal(part.landmarks, whole.landmarks[100:107])
    assert not np.array_equal(draw(4, 0, 7).images, draw(3, 0, 7).images)


def test_pictures_fill_the_range_and_masks_share_every_pixel():
    avatars = draw(5, 0, COUNT)
    assert avatars.images.shape == (COUNT, 3, 32, 32)
    assert avatars.images.dtype == np.float32
    assert avatars.images.min() < -0.9 and avatars.images.max() > 0.95
    assert np.abs(avatars.images).max() <= 1
    assert avatars.masks.shape == (COUNT, len(PARTS), 32, 32)
    assert avatars.masks.min() >= 0
    np.testing.assert_allclose(avatars.masks.sum(1), 1, atol=1e-5)
    assert set(np.unique(avatars.labels)) == set(range(len(PARTS)))


def test_a_mask_is_where_its_part_is_seen():
    """Another background colour changes the pixels of its mask, in its measure, and no other."""
    blue, orange = plain(background=-1), plain(background=1)
    changed = np.abs(blue.images - orange.images)[0].max(0)
    background = blue.masks[0, PARTS.index("background")]
    assert np.array_equal(changed > 1e-6, background > 1e-6)
    assert np.corrcoef(changed.ravel(), background.ravel())[0, 1] > 0.98


@pytest.mark.parametrize("name", LANDMARKS)
def test_landmarks_lie_in_their_parts(name):
    """But for what glasses, hair or a closed eye hides."""
    avatars = draw(6, 0, COUNT)
    free = (avatars.values[:, NAMES.index("glasses")] < 0) & (
        avatars.values[:, NAMES.index("eye_openness")] > -0.5
    )
    places = avatars.landmarks[:, LANDMARKS.index(name)]
    columns, rows = ((places + 1) * 16).astype(int).T
    parts = np.array(PARTS)[avatars.labels[np.arange(COUNT), rows, columns]]
    assert np.isin(parts[free], PART_OF[name]).mean() > 0.97


def test_every_factor_is_seen():
    for name in NAMES:
        low, high = plain(**{name: -1}), plain(**{name: 1})
        assert np.abs(low.images - high.images).max() > 0.3, name


def test_parts_grow_with_their_factors():
    grows = {
        "eye_openness": "eyes",
        "mouth_openness": "mouth",
        "hair_length": "hair",
        "head_width": "skin",
        "glasses": "glasses",
    }
    for factor, part in grows.items():
        assert area(plain(**{factor: 1}), part) > 1.15 * area(plain(**{factor: -1}), part) + 1
    assert area(plain(), "glasses") == 0


def test_turning_the_head_mirrors():
    left, right = plain(yaw=-1).landmarks[0], plain(yaw=1).landmarks[0]
    at = {name: i for i, name in enumerate(LANDMARKS)}
    assert left[at["nose"], 0] == pytest.approx(-right[at["nose"], 0], abs=1e-6)
    assert left[at["left_eye"], 0] == pytest.approx(-right[at["right_eye"], 0], abs=1e-6)


def test_a_larger_picture_shows_the_same():
    small, large = draw(8, 0, 4), draw(8, 0, 4, size=128)
    shrunk = large.images.reshape(4, 3, 32, 4, 32, 4).mean((3, 5))
    assert np.abs(shrunk - small.images).mean() < 0.03
