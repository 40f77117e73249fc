"""One suite over every shipped generator."""

import numpy as np
import pytest
import torch

from directrix import generators
from directrix.errors import LayerInvalid, ModelInvalid, SpaceUnavailable
from directrix.generators import ORDER, Generator
from directrix.population import latents
from directrix.types import Noise, Space
from tests.contract.models import CPU, GENERATORS, generator


@pytest.fixture(params=GENERATORS)
def network(request) -> Generator:
    return generator(request.param)


def draw(network: Generator, count: int = 3, space: Space = Space.Z) -> torch.Tensor:
    z = torch.from_numpy(latents(5, 0, count, network.dimension(Space.Z)))
    return network.convert(z, Space.Z, space)


def shape(network: Generator, space: Space) -> tuple[int, ...]:
    layers, width = network.num_layers(space), network.dimension(space)
    return (layers, width) if space is Space.W_PLUS else (width,)


def test_latents_have_the_dimensions_of_the_card(network):
    assert network.spaces[0] is Space.Z
    for space in network.spaces:
        assert draw(network, 3, space).shape == (3, *shape(network, space))


def test_images_have_the_layout_of_the_card_at_every_batch_size(network):
    image = network.card.image
    for count in (1, 2, 17):
        made = network.synthesise(draw(network, count), Space.Z)
        assert made.shape == (count, image.channels, image.height, image.width)
        assert made.dtype == torch.float32
        assert torch.isfinite(made).all()


def test_every_way_through_the_spaces_gives_the_same_image(network):
    z = draw(network)
    straight = network.synthesise(z, Space.Z)
    assert straight.std(0).mean() > 0.01
    for middle in network.spaces:
        for end in network.spaces[network.spaces.index(middle) :]:
            via = network.convert(network.convert(z, Space.Z, middle), middle, end)
            torch.testing.assert_close(network.synthesise(via, end), straight)


def test_there_is_no_way_back_and_no_way_into_a_missing_space(network):
    for source in network.spaces:
        for target in ORDER:
            if target not in network.spaces or ORDER.index(target) < ORDER.index(source):
                with pytest.raises(SpaceUnavailable):
                    network.convert(draw(network, 1, source), source, target)
    for missing in set(ORDER) - set(network.spaces):
        with pytest.raises(SpaceUnavailable, match="it has z"):
            network.dimension(missing)
        with pytest.raises(SpaceUnavailable):
            network.truncate(draw(network), missing, 0.5)


def test_truncation_is_linear_towards_a_centre(network):
    for space in network.spaces:
        u = draw(network, 3, space)
        centre = network.truncate(u, space, 0.0)
        torch.testing.assert_close(centre[0], centre[1])
        torch.testing.assert_close(network.truncate(u, space, 1.0), u)
        half = network.truncate(u, space, 0.5)
        torch.testing.assert_close(half, (u + centre) / 2, atol=1e-5, rtol=1e-5)


def test_samples_are_truncated_where_it_shows(network):
    z = draw(network)
    latent, space = network.draw(z, 0.0)
    assert space is network.truncation_space
    made = network.synthesise(latent, space)
    torch.testing.assert_close(made[0], made[1])


def test_taps_read_every_layer_in_order(network):
    seen: list[tuple[str, torch.Size]] = []

    def reader(name):
        def tap(features):
            seen.append((name, features.shape))
            return features

        return tap

    taps = {layer.name: reader(layer.name) for layer in network.card.layers}
    z = draw(network, 2)
    made = network.synthesise(z, Space.Z, taps=taps)
    assert torch.equal(made, network.synthesise(z, Space.Z))
    assert seen == [
        (layer.name, (2, layer.channels, layer.height, layer.width))
        for layer in network.card.layers
    ]


def test_taps_edit_what_goes_on(network):
    z = draw(network, 2)
    plain = network.synthesise(z, Space.Z)
    for layer in network.card.layers:
        edited = network.synthesise(z, Space.Z, taps={layer.name: lambda f: f + 1.0})
        assert (edited - plain).abs().max() > 1e-3


def test_an_unknown_layer_is_answered_with_the_known_ones(network):
    with pytest.raises(LayerInvalid, match=network.card.layers[0].name):
        network.synthesise(draw(network, 1), Space.Z, taps={"nowhere": lambda f: f})


def test_an_error_in_a_tap_leaves_nothing_behind(network):
    def fail(_features):
        raise RuntimeError("from the tap")

    z = draw(network, 1)
    before = network.synthesise(z, Space.Z)
    with pytest.raises(RuntimeError, match="from the tap"):
        network.synthesise(z, Space.Z, taps={network.card.layers[0].name: fail})
    assert torch.equal(network.synthesise(z, Space.Z), before)


def test_gradients_reach_every_space_and_no_weight(network):
    for space in network.spaces:
        u = draw(network, 2, space).clone().requires_grad_(True)
        network.synthesise(u, space).square().sum().backward()
        assert u.grad is not None and u.grad.abs().max() > 0
    for tensors in _weights(network).values():
        assert all(not t.requires_grad and t.grad is None for t in tensors)


def test_weights_are_the_linear_maps_of_their_space(network):
    found = _weights(network)
    assert found
    for space, matrices in found.items():
        assert all(m.shape[1] == network.dimension(space) for m in matrices)
        assert all(m.abs().max() > 0 for m in matrices)


def test_spaces_without_a_linear_map_say_so(network):
    for space in set(ORDER) - set(_weights(network)):
        with pytest.raises(SpaceUnavailable):
            network.weights(space)


def test_seeded_noise_belongs_to_the_sample(network):
    z = draw(network, 3)
    first = network.synthesise(z, Space.Z, Noise.SEEDED, (7, 8, 9))
    turned = network.synthesise(z.flip(0), Space.Z, Noise.SEEDED, (9, 8, 7)).flip(0)
    torch.testing.assert_close(first, turned)


@pytest.mark.parametrize("name", GENERATORS)
def test_arrays_are_copied_and_left_as_they_are(name):
    card, arrays = GENERATORS[name]()
    network = generators.build(card, arrays, CPU)
    made = network.synthesise(draw(network), Space.Z)
    for value in arrays.values():
        value[...] = 0
    assert torch.equal(network.synthesise(draw(network), Space.Z), made)


@pytest.mark.parametrize("name", GENERATORS)
def test_wrong_tensors_are_named(name):
    card, arrays = GENERATORS[name]()
    victim = max(arrays, key=lambda key: arrays[key].size)
    without = {key: value for key, value in arrays.items() if key != victim}
    wrong_shape = arrays | {victim: arrays[victim][:-1]}
    wrong_type = arrays | {victim: arrays[victim].astype(np.float64)}
    for bad in (without, wrong_shape, wrong_type):
        with pytest.raises(ModelInvalid, match=victim):
            generators.build(card, bad, CPU)
    with pytest.raises(ModelInvalid, match="intruder"):
        generators.build(card, arrays | {"intruder": np.zeros(1, np.float32)}, CPU)


@pytest.mark.parametrize("name", GENERATORS)
def test_unknown_settings_of_a_card_are_named(name):
    card, arrays = GENERATORS[name]()
    odd = card.model_copy(update={"config": {**card.config, "shoe_size": 43}})
    with pytest.raises(ModelInvalid, match="shoe_size"):
        generators.build(odd, arrays, CPU)


def _weights(network: Generator) -> dict[Space, list[torch.Tensor]]:
    found = {}
    for space in network.spaces:
        try:
            found[space] = list(network.weights(space).values())
        except SpaceUnavailable:
            continue
    return found
