"""One suite over every shipped predictor."""

from collections.abc import Iterator

import numpy as np
import pytest
import torch

from directrix import foreign, predictors
from directrix.errors import InvalidField, ModelInvalid, PredictorMismatch
from directrix.foreign import Facts, readings_of
from directrix.predictors import Predictor
from directrix.types import ImageCard
from services.remote import GrpcExchange, Target
from tests.contract.models import CLASSES, CPU, GREY, PREDICTORS, predictor
from tests.contract.open_inference_server import serving, shop_of


@pytest.fixture(params=[*PREDICTORS, "remote"])
def network(request) -> Iterator[Predictor]:
    if request.param != "remote":
        yield predictor(request.param)
        return
    own = predictor("convolutional")
    with serving(shop_of(own)) as shop:
        facts = Facts("far", own.card.scorers, readings_of("logits", len(CLASSES)), GREY)
        card, arrays = foreign.remote_model("shop", "judge", "3", "pixels", facts)
        exchange = GrpcExchange({"shop": Target(shop.target)})
        yield predictors.build(card, arrays, CPU, exchange)


def images(network: Predictor, count: int) -> torch.Tensor:
    card = network.card.image
    random = torch.Generator().manual_seed(1)
    return torch.rand(count, card.channels, card.height, card.width, generator=random) * 2 - 1


def test_one_column_a_scorer_at_every_batch_size(network):
    for count in (1, 2, 17):
        scores = network.scores(images(network, count))
        assert scores.shape == (count, len(network.scorers))
        assert scores.dtype == torch.float32
        assert torch.isfinite(scores).all()
    assert network.scores(images(network, 17)).std(0).min() > 0


def test_a_row_does_not_depend_on_its_companions(network):
    batch = images(network, 8)
    alone = torch.cat([network.scores(batch[i : i + 1]) for i in range(8)])
    torch.testing.assert_close(network.scores(batch), alone)


def test_scorers_are_found_by_name(network):
    assert [network.index(name) for name in network.scorers] == list(range(len(network.scorers)))
    with pytest.raises(InvalidField, match=network.scorers[0]):
        network.index("nothing")


def test_gradients_reach_the_images_and_no_weight_or_there_are_none(network):
    batch = images(network, 2).requires_grad_(True)
    if not network.card.differentiable:
        assert not network.scores(batch).requires_grad
        return
    network.scores(batch).square().sum().backward()
    assert batch.grad is not None and batch.grad.abs().max() > 0


def test_images_of_another_layout_are_refused(network):
    network.check_images(network.card.image)
    with pytest.raises(PredictorMismatch, match="12 x 12"):
        network.check_images(ImageCard(channels=3, height=12, width=12))


@pytest.mark.parametrize("name", PREDICTORS)
def test_wrong_tensors_are_named(name):
    card, arrays = PREDICTORS[name]()
    victim = max(arrays, key=lambda key: arrays[key].size)
    without = {key: value for key, value in arrays.items() if key != victim}
    wrong_shape = arrays | {victim: arrays[victim][:-1]}
    wrong_type = arrays | {victim: arrays[victim].astype(np.float64)}
    for bad in (without, wrong_shape, wrong_type):
        with pytest.raises(ModelInvalid, match=victim):
            predictors.build(card, bad, CPU)
    with pytest.raises(ModelInvalid, match="intruder"):
        predictors.build(card, arrays | {"intruder": np.zeros(1, np.float32)}, CPU)


@pytest.mark.parametrize("name", PREDICTORS)
def test_unknown_settings_of_a_card_are_named(name):
    card, arrays = PREDICTORS[name]()
    odd = card.model_copy(update={"config": {**card.config, "shoe_size": 43}})
    with pytest.raises(ModelInvalid, match="shoe_size"):
        predictors.build(odd, arrays, CPU)
