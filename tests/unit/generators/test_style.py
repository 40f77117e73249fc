"""The style adapter: spaces, weights, noise and its card."""

import numpy as np
import pytest
import torch

from directrix import generators
from directrix.errors import InvalidField, ModelInvalid
from directrix.generators import style
from directrix.generators.style_network import StyleConfig, StyleNetwork
from directrix.types import Noise, Space, SpaceCard
from tests.contract.models import CPU, STYLE, generator, style_arrays


@pytest.fixture
def network():
    return generator("style")


def reference() -> StyleNetwork:
    network = StyleNetwork(STYLE)
    network.load_state_dict({n: torch.tensor(a) for n, a in style_arrays().items()})
    return network.to(memory_format=torch.channels_last).eval()


def test_the_card_tells_spaces_layers_and_image():
    card = style.card(STYLE, name="small", licence="MIT")
    assert card.spaces == (
        SpaceCard(space=Space.Z, dimension=6),
        SpaceCard(space=Space.W, dimension=8),
        SpaceCard(space=Space.W_PLUS, dimension=8, layers=6),
        SpaceCard(space=Space.S, dimension=7 + 7 + 7 + 6 + 6 + 6 + 5 + 5),
    )
    assert [(c.name, c.channels, c.height) for c in card.layers] == [
        ("b4_conv1", 7, 4),
        ("b8_conv0", 6, 8),
        ("b8_conv1", 6, 8),
        ("b16_conv0", 5, 16),
        ("b16_conv1", 5, 16),
    ]
    assert (card.image.channels, card.image.height, card.image.width) == (1, 12, 12)
    assert card.licence == "MIT"


def test_it_draws_what_the_network_draws(network):
    z = torch.randn(4, 6, generator=torch.Generator().manual_seed(0))
    plain = reference()
    ws = plain.mapping(z)[:, None].expand(-1, 6, -1)
    wanted = plain.synthesise(plain.styles(ws), plain.constant_noise())
    assert torch.equal(network.synthesise(z, Space.Z), wanted)


def test_weights_are_the_affine_maps_behind_the_styles(network):
    w = torch.randn(1, 8, generator=torch.Generator().manual_seed(0))
    step = torch.randn(8, generator=torch.Generator().manual_seed(1))
    wide, moved = (network.convert(u, Space.W, Space.S) for u in (w, w + step))
    found = network.weights(Space.W)
    assert list(found) == [0, 1, 2, 3, 4, 5]
    assert [len(m) for m in found.values()] == [7, 7 + 7, 6, 6 + 6, 5, 5]
    changes = torch.cat([found[i] @ step for i in range(6)])
    # The style vector lists a block's image layer before the next block, as the matrices do.
    torch.testing.assert_close((moved - wide)[0], changes, atol=1e-5, rtol=1e-4)


def test_noise_forms_differ_and_repeat(network):
    z = torch.randn(2, 6, generator=torch.Generator().manual_seed(0))
    made = {
        "constant": network.synthesise(z, Space.Z),
        "none": network.synthesise(z, Space.Z, Noise.NONE),
        "seeded": network.synthesise(z, Space.Z, Noise.SEEDED, (1, 2)),
        "other": network.synthesise(z, Space.Z, Noise.SEEDED, (1, 3)),
    }
    assert torch.equal(made["seeded"], network.synthesise(z, Space.Z, Noise.SEEDED, (1, 2)))
    assert torch.equal(made["seeded"][0], made["other"][0])
    assert (made["seeded"][1] - made["other"][1]).abs().max() > 0.01
    for first, second in (("constant", "none"), ("constant", "seeded"), ("none", "seeded")):
        assert (made[first] - made[second]).abs().max() > 0.01


def test_seeded_noise_takes_one_seed_a_sample(network):
    with pytest.raises(InvalidField, match="2, not 1"):
        network.synthesise(torch.zeros(2, 6), Space.Z, Noise.SEEDED, (1,))


def test_truncation_in_w_plus_pulls_every_layer_to_the_average(network):
    average = torch.tensor(style_arrays()["mapping.w_avg"])
    u = torch.randn(2, 6, 8, generator=torch.Generator().manual_seed(0))
    wanted = average + 0.7 * (u - average)
    torch.testing.assert_close(network.truncate(u, Space.W_PLUS, 0.7), wanted)
    assert torch.equal(network.truncate(u[:, 0, :6], Space.Z, 0.5), u[:, 0, :6] * 0.5)


def test_a_card_that_does_not_follow_from_its_config_is_refused():
    card = style.card(STYLE, name="small")
    for change in ({"spaces": card.spaces[:2]}, {"layers": ()}):
        with pytest.raises(ModelInvalid, match=next(iter(change))):
            generators.build(card.model_copy(update=change), style_arrays(), CPU)


def test_a_config_that_claims_too_much_is_refused_without_memory():
    huge = StyleConfig(4096, 4096, 2, (4096, 4096), 1)
    card = style.card(huge, name="huge")
    with pytest.raises(ModelInvalid, match=r"missing|asks for"):
        generators.build(card, style_arrays(), CPU)
    cropped = {**card.config, "crop": 4, "channels": [2]}
    with pytest.raises(ModelInvalid, match="crops"):
        generators.build(card.model_copy(update={"config": cropped}), {}, CPU)
    with pytest.raises(ModelInvalid, match=r"config\.channels"):
        generators.build(
            card.model_copy(update={"config": {**card.config, "channels": [0]}}), {}, CPU
        )


def test_weights_of_zero_strength_draw_the_same_with_any_noise():
    arrays = {
        n: np.array(0, np.float32) if n.endswith("strength") else a
        for n, a in style_arrays().items()
    }
    quiet = generators.build(style.card(STYLE, name="quiet"), arrays, CPU)
    z = torch.ones(1, 6)
    assert torch.equal(
        quiet.synthesise(z, Space.Z, Noise.SEEDED, (5,)), quiet.synthesise(z, Space.Z)
    )


def test_reused_memory_changes_no_float_and_no_input(network):
    """In inference mode layers write into their own results."""
    chance = torch.Generator().manual_seed(7)
    styles = torch.randn((3, network.dimension(Space.S)), generator=chance)
    kept = styles.clone()
    with torch.no_grad():
        plain = network.synthesise(styles, Space.S)
    with torch.inference_mode():
        first = network.synthesise(styles, Space.S)
        again = network.synthesise(styles, Space.S)
    assert torch.equal(first, plain) and torch.equal(again, plain)
    assert torch.equal(styles, kept)
