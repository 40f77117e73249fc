"""TensorFlow's padding, worked out by hand; what the face networks take as their input."""

import pytest
import torch

from directrix.errors import ModelInvalid
from directrix.predictors.face_layers import centre, check_card, pad_same, resize
from directrix.types import ImageCard, PredictorCard, Scorer


@pytest.mark.parametrize(
    ("size", "window", "stride", "before", "after"),
    [(6, 3, 2, 0, 1), (5, 3, 2, 1, 1), (6, 3, 1, 1, 1), (6, 1, 2, 0, 0), (7, 4, 3, 1, 2)],
)
def test_same_padding_puts_the_odd_one_behind(size, window, stride, before, after):
    padded = pad_same(torch.ones(1, 1, size, size), window, stride, -2.0)
    line = padded[0, 0, size // 2]
    assert line.tolist() == [-2.0] * before + [1.0] * size + [-2.0] * after
    assert torch.equal(padded[0, 0, :, size // 2], line)


def test_pixels_are_0_to_255_and_their_size_is_kept_where_it_fits():
    images = torch.tensor([-1.0, 0.0, 1.0]).view(1, 3, 1, 1).expand(1, 3, 4, 4)
    assert resize(images, 4)[0, :, 0, 0].tolist() == [0.0, 127.5, 255.0]
    assert resize(images, 8).shape == (1, 3, 8, 8)
    assert resize(images, 8)[0, 2].unique().tolist() == [255.0]


def test_resizing_interpolates_between_the_middles_of_pixels():
    images = torch.tensor([[-1.0, 1.0]]).expand(1, 3, 2, 2)
    assert resize(images, 4)[0, 0, 0].tolist() == [0.0, 63.75, 191.25, 255.0]


def test_the_mean_colour_is_taken_off():
    pixels = torch.tensor([122.782, 117.001 + 255, 104.298 - 51]).view(1, 3, 1, 1)
    torch.testing.assert_close(centre(pixels).flatten(), torch.tensor([0.0, 1.0, -0.2]))


def test_grey_images_and_strange_scorers_are_refused():
    image = ImageCard(channels=3, height=8, width=8)
    card = PredictorCard(
        name="f", architecture="face-x", image=image, scorers=(Scorer(name="nose"),)
    )
    check_card(card, ["nose", "ear"])
    with pytest.raises(ModelInvalid, match="no scorer 'nose': it has ear, eye"):
        check_card(card, ["ear", "eye"])
    grey = card.model_copy(update={"image": ImageCard(channels=1, height=8, width=8)})
    with pytest.raises(ModelInvalid, match="3 channels"):
        check_card(grey, ["nose"])
