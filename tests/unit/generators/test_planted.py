"""Planted causes do exactly what they say, where they say, and nothing else."""

import numpy as np
import pytest
import torch
from scipy.stats import norm

from directrix import generators
from directrix.archive import model_digest, pack_arrays, unpack_model
from directrix.errors import InvalidField, ModelInvalid
from directrix.generators import Generator
from directrix.generators.planted import Nuisance, Planted, plant
from directrix.population import latents
from directrix.types import Space
from tests.contract.models import CPU, dcgan_model, generator, planted_model, style_model

MASK = (slice(None), slice(None), slice(1, 3), slice(1, 3))
"""Of the small models' images, 12 pixels high: side 12 // 5, one pixel from the corner."""


def planted(model, *nuisances) -> Planted:
    card, arrays = plant(*model(), nuisances)
    network = generators.build(card, arrays, CPU)
    assert isinstance(network, Planted)
    return network


def z_of(network: Generator, count: int = 4, *coordinates: float) -> torch.Tensor:
    """Samples whose planted coordinates have these values."""
    z = torch.from_numpy(latents(5, 0, count, network.dimension(Space.Z)))
    z[:, -len(coordinates) :] = torch.tensor(coordinates)
    return z


def render(network: Generator, z: torch.Tensor) -> torch.Tensor:
    return network.synthesise(z, Space.Z)


def bare(network: Planted, z: torch.Tensor) -> torch.Tensor:
    return network.inner.synthesise(z[:, : -len(network.nuisances)], Space.Z)


def test_the_same_seed_gives_the_same_image_inside() -> None:
    network, inner = planted(style_model, "patch"), generator("style")
    few = torch.from_numpy(latents(5, 0, 3, inner.dimension(Space.Z)))
    more = torch.from_numpy(latents(5, 0, 3, network.dimension(Space.Z)))
    assert torch.equal(bare(network, more), inner.synthesise(few, Space.Z))


def test_factors_are_uniform_over_the_population_and_independent() -> None:
    network = planted(style_model, "patch", "tint")
    z = torch.from_numpy(latents(1, 0, 4000, network.dimension(Space.Z)))
    factors = network.factors(z, Space.Z).numpy()
    assert factors == pytest.approx(norm.cdf(z[:, -2:].numpy()), abs=1e-6)
    quantiles = np.quantile(factors, [0.1, 0.5, 0.9], axis=0)
    assert quantiles == pytest.approx(np.array([[0.1], [0.5], [0.9]]) + np.zeros((3, 2)), abs=0.03)
    everything = np.corrcoef(np.concatenate([factors, z[:, :-2].numpy()], 1).T)
    assert np.abs(everything - np.eye(len(everything))).max() < 0.06


def test_a_factor_of_zero_leaves_the_image_as_it_is() -> None:
    for kind in ("brightness", "patch"):
        network = planted(style_model, kind)
        z = z_of(network, 4, -40.0)
        assert torch.equal(render(network, z), bare(network, z))


def test_the_patch_is_a_square_in_the_corner_and_nothing_else() -> None:
    network = planted(style_model, Nuisance(kind="patch", strength=1.0))
    z = z_of(network, 4, 40.0)
    made, inside = render(network, z), bare(network, z)
    torch.testing.assert_close(made[MASK], torch.ones_like(made[MASK]))
    made[MASK] = inside[MASK]
    assert torch.equal(made, inside)


@pytest.mark.parametrize("coordinate", [-1.0, 0.0, 1.0])
def test_strengths_between_are_shares(coordinate: float) -> None:
    network = planted(style_model, Nuisance(kind="patch", strength=0.5))
    z = z_of(network, 4, coordinate)
    inside = bare(network, z)[MASK]
    wanted = inside + 0.5 * norm.cdf(coordinate) * (1 - inside)
    torch.testing.assert_close(render(network, z)[MASK], wanted.float())


def test_brightness_lifts_what_is_near_the_level_only() -> None:
    """Pixels at the level move by the whole amount, those two widths away by e^-4 of it."""
    nuisance = Nuisance(kind="brightness", strength=0.5, where="level", level=0.0)
    network = planted(style_model, nuisance)
    z = z_of(network, 4, 40.0)
    made, inside = render(network, z), bare(network, z)
    mask = torch.exp(-((inside / 0.2) ** 2))
    torch.testing.assert_close(made, inside + 0.5 * mask * (1 - inside))
    far = inside.abs() > 0.6
    assert far.any()
    assert (made - inside)[far].abs().max() < 2e-4


def test_brightness_at_the_border_leaves_the_middle_alone() -> None:
    network = planted(dcgan_model, Nuisance(kind="brightness", strength=1.0))
    z = z_of(network, 2, 40.0)
    made, inside = render(network, z), bare(network, z)
    side = made.shape[2]
    torch.testing.assert_close(made[:, :, 0], torch.ones_like(made[:, :, 0]))
    middle = (slice(None), slice(None), *(2 * [slice(side // 4, side - side // 4)]))
    assert torch.equal(made[middle], inside[middle])


def test_tint_turns_colours_from_cold_to_warm() -> None:
    network = planted(dcgan_model, Nuisance(kind="tint", strength=0.5))
    for coordinate, gains in ((-40.0, (0.5, 0.75, 1.0)), (40.0, (1.0, 0.75, 0.5))):
        z = z_of(network, 2, coordinate)
        gain = torch.tensor(gains)[:, None, None]
        torch.testing.assert_close(render(network, z), gain * (bare(network, z) + 1) - 1)


def test_tint_darkens_grey_images() -> None:
    network = planted(style_model, Nuisance(kind="tint", strength=0.4))
    z = z_of(network, 2, 0.0)
    torch.testing.assert_close(render(network, z), 0.8 * (bare(network, z) + 1) - 1)


def test_one_coordinate_does_not_move_another_factor_or_the_image_inside() -> None:
    network = planted(style_model, "brightness", "patch", "tint")
    z = z_of(network, 3, 0.3, -0.2, 1.0)
    moved = z.clone()
    moved[:, -2] += 2
    change = network.factors(moved, Space.Z) - network.factors(z, Space.Z)
    assert change[:, [0, 2]].abs().max() == 0
    assert change[:, 1].min() > 0.3
    difference = render(network, moved) - render(network, z)
    difference[MASK] = 0
    assert difference.abs().max() == 0


def test_planted_coordinates_travel_through_all_spaces() -> None:
    network = generator("planted")
    z = z_of(network, 3, 0.3, -0.2, 1.0)
    for space in (Space.W, Space.W_PLUS, Space.S):
        u = network.convert(z, Space.Z, space)
        torch.testing.assert_close(network.factors(u, space), network.factors(z, Space.Z))
    some = network.convert(z, Space.Z, Space.W_PLUS).clone()
    layers = some.shape[1]
    some[:, 0, -1] += 1.0
    mean = network.convert(some, Space.W_PLUS, Space.S)[:, -1]
    torch.testing.assert_close(mean, z[:, -1] + 1 / layers)


def test_the_weights_know_nothing_of_what_is_planted() -> None:
    network = generator("planted")
    for matrix in network.weights(Space.W).values():
        assert matrix[:, -3:].abs().max() == 0


def test_it_is_a_model_folder_like_any_other() -> None:
    card, arrays = planted_model()
    digest = model_digest(card, arrays)
    read, tensors = unpack_model(card.model_dump_json(), pack_arrays(arrays))
    assert read.digest == digest
    assert generators.build(read, tensors, CPU).card == read
    inner, own = style_model()
    renamed, _ = plant(inner.model_copy(update={"name": "other", "notes": "prose"}), own)
    assert model_digest(renamed, arrays) == digest
    weaker, _ = plant(inner, own, [Nuisance(kind="patch", strength=0.3)])
    assert model_digest(weaker, arrays) != digest


def test_nuisances_are_planted_once() -> None:
    card, arrays = planted_model()
    with pytest.raises(InvalidField, match="all together"):
        plant(card, arrays)
    nested = card.model_copy(update={"config": {**card.config, "inner": card.model_dump()}})
    with pytest.raises(ModelInvalid, match="another kind of generator"):
        generators.build(nested, arrays, CPU)


def test_what_does_not_follow_from_the_config_is_named() -> None:
    card, arrays = planted_model()
    short = card.model_copy(update={"spaces": card.spaces[:1]})
    with pytest.raises(ModelInvalid, match="spaces"):
        generators.build(short, arrays, CPU)
    config = {**card.config, "nuisances": [{"kind": "fog"}]}
    with pytest.raises(ModelInvalid, match=r"config\.nuisances\.0\.kind"):
        generators.build(card.model_copy(update={"config": config}), arrays, CPU)
