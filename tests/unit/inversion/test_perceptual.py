"""The perceptual distance, against its formula."""

import numpy as np
import pytest
import torch

from directrix.errors import PredictorMismatch
from directrix.inversion import perceptual
from directrix.predictors import embedder
from tests.contract.models import PREDICTORS, predictor

EMBEDDERS = {"convolutional", "face-identity", "segmenter"}


def test_it_is_the_mean_squared_difference_of_unit_features():
    chance = np.random.default_rng(0)
    first, second = (
        [torch.from_numpy(chance.standard_normal((2, c, s, s))) for c, s in ((3, 4), (5, 2))]
        for _ in range(2)
    )
    found = perceptual.distance(first, perceptual.normalised(second))
    parts = []
    for a, b in zip(first, second, strict=True):
        a, b = (m.numpy() / np.linalg.norm(m.numpy(), axis=1, keepdims=True) for m in (a, b))
        parts.append(np.square(a - b).sum(1).mean((1, 2)))
    np.testing.assert_allclose(found.numpy(), np.mean(parts, 0), rtol=1e-6)


def test_an_image_is_at_no_distance_from_itself_and_brightness_of_features_does_not_count():
    maps = [torch.rand(1, 3, 4, 4)]
    target = perceptual.normalised([2 * m for m in maps])
    assert perceptual.distance(maps, target).item() == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("name", PREDICTORS)
def test_predictors_with_feature_maps_are_embedders(name):
    found = predictor(name)
    if name not in EMBEDDERS:
        with pytest.raises(PredictorMismatch, match="no feature maps"):
            embedder(found)
        return
    image = found.card.image
    images = torch.rand(2, image.channels, image.height, image.width) * 2 - 1
    maps = embedder(found).maps(images.requires_grad_(True))
    assert len(maps) >= 2
    sizes = [m.shape[2] for m in maps]
    assert sizes == sorted(sizes, reverse=True)
    assert all(m.shape[0] == 2 and m.ndim == 4 for m in maps)
    sum(m.sum() for m in maps).backward()
    assert images.grad.abs().sum() > 0
