"""Encoders: trained in seeded steps, resumed anywhere, measured on what no step drew."""

import numpy as np
import pytest
import torch

from directrix import archive, inversion
from directrix.errors import EncoderMismatch, InvalidField, ModelInvalid, SpaceUnavailable
from directrix.inversion import EncoderPlan, EncoderTraining, Search
from directrix.population import latents
from directrix.types import Space
from tests.contract.models import CPU, generator, linear_model, predictor

pytestmark = pytest.mark.slow  # it trains

SMALL = {"blocks": ((4,), (6,)), "hidden": 24}


def trained(network, **plan: object):
    training = EncoderTraining(EncoderPlan(**{**SMALL, **plan}), network)
    while not training.done:
        training.advance()
    card, arrays = training.finish("toy-encoder")
    return card, arrays, inversion.build(card, arrays, CPU)


@pytest.fixture(scope="module")
def linear():
    network = generator("linear")
    return network, *trained(network, space=Space.Z, steps=150, rate=1e-2)


def drawn(network, count: int = 64):
    z = torch.from_numpy(latents(9, 0, count, network.dimension(Space.Z)))
    return z, network.synthesise(z, Space.Z).clamp(-1, 1)


def test_the_latents_of_a_linear_generator_are_learnt(linear):
    network, card, _, encoder = linear
    z, images = drawn(network)
    found = encoder(images)
    assert (found - z).square().mean() < 0.15 * z.square().mean()
    metrics = {metric.name: metric.value for metric in card.metrics}
    assert metrics["latent r2"] > 0.85
    assert metrics["mean squared error"] < 0.02


def test_its_answer_is_the_start_of_a_search_and_half_the_way(linear):
    network, _, _, encoder = linear
    _, images = drawn(network, 4)
    alone = inversion.invert(network, images, Search(Space.Z, steps=0), encoder=encoder)
    torch.testing.assert_close(alone.latents, encoder(images))
    cold = inversion.invert(network, images, Search(Space.Z, steps=8))
    hybrid = inversion.invert(network, images, Search(Space.Z, steps=8), encoder=encoder)
    assert hybrid.errors.mean() < 0.5 * cold.errors.mean()


def test_an_encoder_survives_the_archive(linear):
    _, card, arrays, encoder = linear
    packed = archive.pack_arrays(arrays)
    again_card, again = archive.unpack_model(card.model_dump_json(), packed)
    assert again_card == card
    images = drawn(generator("linear"), 3)[1]
    assert torch.equal(inversion.build(again_card, again, CPU)(images), encoder(images))


def test_a_resumed_training_ends_with_the_same_encoder():
    network, look = generator("style"), predictor("convolutional")
    plan = EncoderPlan(**SMALL, steps=9, seed=3)
    whole = EncoderTraining(plan, network, look)
    while not whole.done:
        whole.advance()
    for at in (1, 5):
        first = EncoderTraining(plan, network, look)
        for _ in range(at):
            first.advance()
        saved = archive.unpack_arrays(archive.pack_arrays(first.state()))
        second = EncoderTraining(plan, network, look)
        second.restore(saved)
        assert second.step == at
        while not second.done:
            second.advance()
        assert second.finish("e")[0].digest == whole.finish("e")[0].digest
    other = EncoderTraining(EncoderPlan(**SMALL, steps=9, seed=4), network, look)
    while not other.done:
        other.advance()
    assert other.finish("e")[0].digest != whole.finish("e")[0].digest


def test_training_leaves_generator_and_chance_alone():
    network = generator("style")
    before = {k: v.clone() for k, v in network._network.state_dict().items()}
    chance = torch.random.get_rng_state()
    card, _, encoder = trained(network, steps=2)
    assert torch.equal(torch.random.get_rng_state(), chance)
    assert all(torch.equal(v, before[k]) for k, v in network._network.state_dict().items())
    assert all(p.grad is None for p in network._network.parameters())
    assert encoder(torch.zeros(2, 1, 12, 12)).shape == (2, 6, 8)
    assert (card.generator, card.space) == (network.card.digest, Space.W_PLUS)


def test_in_w_plus_every_other_latent_mixes_two_samples():
    training = EncoderTraining(EncoderPlan(**SMALL), generator("style"))
    rows = training._latents(inversion.training.Streams(0, 5), 0, 16).numpy()
    plain, mixed = rows[0::2], rows[1::2]
    assert all((row == row[0]).all() for row in plain)
    parts = [len(np.unique(row, axis=0)) for row in mixed]
    assert set(parts) <= {1, 2} and parts.count(2) >= 4


def test_encoders_of_other_generators_and_spaces_are_refused(linear):
    _, card, arrays, encoder = linear
    style = generator("style")
    with pytest.raises(EncoderMismatch, match="another generator"):
        inversion.invert(style, drawn(style, 1)[1], Search(Space.Z), encoder=encoder)
    wide = generator("linear-w")
    moved = card.model_copy(update={"generator": wide.card.digest, "digest": ""})
    other = inversion.build(moved, arrays, CPU)
    with pytest.raises(EncoderMismatch, match="this generator, not into w"):
        inversion.invert(wide, drawn(wide, 1)[1], Search(Space.W), encoder=other)


def test_wrong_plans_and_models_are_refused(linear):
    _, card, arrays, _ = linear
    for steps in (0, 10**7):
        with pytest.raises(InvalidField, match="steps"):
            EncoderPlan(steps=steps)
    with pytest.raises(SpaceUnavailable, match="Z, W or W"):
        EncoderPlan(space=Space.S)
    with pytest.raises(SpaceUnavailable, match="it has z"):
        EncoderTraining(EncoderPlan(space=Space.W), generator("linear"))
    with pytest.raises(ModelInvalid, match="not an encoder"):
        inversion.build(*linear_model(), CPU)
    with pytest.raises(ModelInvalid, match="architecture"):
        inversion.build(card.model_copy(update={"architecture": "other"}), arrays, CPU)
    with pytest.raises(ModelInvalid, match="mean"):
        inversion.build(card, {k: v for k, v in arrays.items() if k != "mean"}, CPU)
