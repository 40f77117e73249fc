"""Landmarks by the adapter: both views, and who can be believed."""

import numpy as np
import pytest
import torch

from directrix import predictors
from directrix.errors import ModelInvalid
from directrix.predictors import face_geometry
from directrix.predictors.face_landmarks import LandmarkPredictor
from tests.contract.models import CPU, landmarks_model


def built(mirror: bool = True, still: bool = False) -> LandmarkPredictor:
    """still: points that no picture moves."""
    card, arrays = landmarks_model()
    if still:
        arrays = {**arrays, "points.weight": np.zeros_like(arrays["points.weight"])}
    card = card.model_copy(update={"config": {**card.config, "mirror": mirror}})
    predictor = predictors.build(card, arrays, CPU)
    assert isinstance(predictor, LandmarkPredictor)
    return predictor


def pictures(count: int) -> torch.Tensor:
    return torch.rand(count, 3, 16, 16, generator=torch.Generator().manual_seed(2)) * 2 - 1


def test_points_of_the_mirror_image_are_the_mirrored_points():
    network, images = built(), pictures(3)
    points = network.points(images)
    assert points.shape == (3, 68, 2)
    torch.testing.assert_close(network.points(images.flip(3)), face_geometry.mirror(points))


def test_one_view_is_not_symmetric():
    network, images = built(mirror=False), pictures(3)
    here, there = network.points(images), face_geometry.mirror(network.points(images.flip(3)))
    assert (here - there).abs().max() > 1e-3
    torch.testing.assert_close(built().points(images), (here + there) / 2)


def test_scores_are_the_measures_of_the_points_in_the_cards_order():
    network, images = built(), pictures(3)
    frame = face_geometry.Frame(network.points(images))
    scores = network.scores(images)
    for name in ("smile", "yaw", "brightness"):
        expected = face_geometry.MEASURES[name].of(frame, images)
        torch.testing.assert_close(scores[:, network.index(name)], expected)
    believed = scores[:, network.index("believable")] > 0
    assert believed.tolist() == network.plausible(images).tolist()


@pytest.mark.parametrize("mirror", [True, False])
def test_a_drawn_face_scores_as_believable_whatever_the_measures_are_of(mirror):
    network = built(mirror, still=True)
    scores = network.scores(pictures(2))[:, network.index("believable")]
    assert (scores > 0).all()


def test_a_drawn_face_is_believed_and_a_scrambled_one_is_not():
    assert built(still=True).plausible(pictures(2)).tolist() == [True, True]
    card, arrays = landmarks_model()
    arrays = {**arrays, "points.bias": arrays["points.bias"][::-1].copy()}
    scrambled = predictors.build(card, arrays, CPU)
    assert isinstance(scrambled, LandmarkPredictor)
    assert not scrambled.plausible(pictures(2)).any()


def test_measures_that_there_are_not_are_named():
    card, arrays = landmarks_model()
    odd = card.model_copy(
        update={"scorers": (card.scorers[0].model_copy(update={"name": "charm"}),)}
    )
    with pytest.raises(ModelInvalid, match="charm"):
        predictors.build(odd, arrays, CPU)
