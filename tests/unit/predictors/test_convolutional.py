"""The convolutional predictor: its blocks, its sizes, its hidden layer."""

import numpy as np
import pytest
import torch

from directrix import predictors
from directrix.errors import ModelInvalid
from directrix.predictors.convolutional import ConvolutionalNetwork
from directrix.types import ImageCard
from tests.contract.models import CPU, convolutional_model

FASHION = {"blocks": [[32, 32], [64, 64], [128]], "hidden": 128}


def test_pooling_lies_between_blocks_only():
    network = ConvolutionalNetwork(FASHION, ImageCard(channels=1, height=28, width=28), 10)
    assert network.hidden.in_features == 128 * 7 * 7
    assert network.outputs.in_features == 128
    sizes = []
    for block in network.blocks:
        block.register_forward_hook(lambda _m, _i, out: sizes.append(tuple(out.shape[1:])))
    images = torch.zeros(2, 1, 28, 28)
    assert network(images).shape == (2, 10)
    assert sizes == [(32, 28, 28), (64, 14, 14), (128, 7, 7)]
    assert network.features(images).shape == (2, 128)


def test_dropout_is_for_training_only():
    card, arrays = convolutional_model()
    config = {**card.config, "dropout": 0.9}
    dropping = predictors.build(card.model_copy(update={"config": config}), arrays, CPU)
    plain = predictors.build(card, arrays, CPU)
    images = torch.ones(3, 1, 12, 12)
    assert torch.equal(dropping.scores(images), plain.scores(images))


def test_the_statistics_of_the_normalisation_are_frozen():
    card, arrays = convolutional_model()
    network = predictors.build(card, arrays, CPU)
    batch = torch.randn(8, 1, 12, 12, generator=torch.Generator().manual_seed(0))
    first = network.scores(batch[:1])
    network.scores(batch * 100)
    assert torch.equal(network.scores(batch[:1]), first)


def test_images_too_small_for_the_pooling_are_refused():
    card, arrays = convolutional_model()
    small = card.model_copy(update={"image": ImageCard(channels=1, height=1, width=12)})
    with pytest.raises(ModelInvalid, match="pools"):
        predictors.build(small, arrays, CPU)


def test_one_output_a_scorer():
    card, arrays = convolutional_model()
    with pytest.raises(ModelInvalid, match=r"outputs\.weight"):
        predictors.build(card.model_copy(update={"scorers": card.scorers[:2]}), arrays, CPU)
    assert np.isfinite(arrays["outputs.weight"]).all()
