"""The segmenter: parts of every pixel, and their shares as scores."""

import numpy as np
import pytest
import torch

from directrix import predictors
from directrix.errors import ModelInvalid
from directrix.predictors.segmenter import SegmenterNetwork, SegmenterPredictor
from directrix.types import ImageCard
from tests.contract.models import CPU, SEGMENTER, segmenter_model


def built() -> SegmenterPredictor:
    predictor = predictors.build(*segmenter_model(), CPU)
    assert isinstance(predictor, SegmenterPredictor)
    return predictor


def pictures(count: int) -> torch.Tensor:
    return torch.randn(count, 1, 12, 12, generator=torch.Generator().manual_seed(2))


def test_masks_share_every_pixel_and_scores_are_their_areas():
    network, images = built(), pictures(3)
    masks = network.masks(images)
    assert masks.shape == (3, 3, 12, 12)
    assert masks.min() >= 0
    torch.testing.assert_close(masks.sum(1), torch.ones(3, 12, 12))
    torch.testing.assert_close(network.scores(images), masks.mean((2, 3)))


def test_the_levels_halve_the_picture_and_double_it_again():
    network = SegmenterNetwork(SEGMENTER, ImageCard(channels=3, height=16, width=8), 5)
    sizes = []
    for block in [*network.down, *network.up]:
        block.register_forward_hook(lambda _m, _i, out: sizes.append(tuple(out.shape[1:])))
    assert network(torch.zeros(2, 3, 16, 8)).shape == (2, 5, 16, 8)
    assert sizes == [(4, 16, 8), (6, 8, 4), (8, 4, 2), (6, 8, 4), (4, 16, 8)]


def test_a_mask_can_be_painted_for_by_gradients():
    """Pixels moved up the gradient of a part's area give that part more area."""
    network = built()
    images = pictures(1).requires_grad_(True)
    before = network.scores(images)[0, 1]
    (slope,) = torch.autograd.grad(before, images)
    after = network.scores(images.detach() + 10 * slope)[0, 1]
    assert after > before


def test_images_that_cannot_be_halved_are_refused():
    card, arrays = segmenter_model()
    odd = card.model_copy(update={"image": ImageCard(channels=1, height=12, width=10)})
    with pytest.raises(ModelInvalid, match="halved"):
        predictors.build(odd, arrays, CPU)


def test_one_output_a_part():
    card, arrays = segmenter_model()
    with pytest.raises(ModelInvalid, match=r"outputs\.weight"):
        predictors.build(card.model_copy(update={"scorers": card.scorers[:2]}), arrays, CPU)
    assert np.isfinite(arrays["outputs.weight"]).all()
