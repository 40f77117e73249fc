"""Inversion finds latents of images that the generator itself has drawn."""

import numpy as np
import pytest
import torch

from directrix import inversion
from directrix.errors import InvalidField, SpaceUnavailable
from directrix.inversion import Search, perceptual
from directrix.population import latents
from directrix.predictors import embedder
from directrix.types import Space
from tests.contract.models import generator, predictor


def drawn(network, count: int = 2) -> tuple[torch.Tensor, torch.Tensor]:
    z = torch.from_numpy(latents(9, 0, count, network.dimension(Space.Z)))
    return z, network.synthesise(z, Space.Z)


def test_the_latent_of_a_linear_image_is_found():
    network = generator("linear")
    z, images = drawn(network)
    found = inversion.invert(network, images, Search(Space.Z, steps=200))
    np.testing.assert_allclose(found.latents.numpy(), z.numpy(), atol=0.15)
    assert found.errors.max() < 1e-3


@pytest.mark.slow
def test_w_plus_comes_nearer_than_w():
    network = generator("style")
    _, images = drawn(network)
    noise = 0.2 * torch.randn(images.shape, generator=torch.Generator().manual_seed(0))
    target = (images + noise).clamp(-1, 1)
    errors = {
        space: inversion.invert(network, target, Search(space, steps=60)).errors.mean().item()
        for space in (Space.W, Space.W_PLUS)
    }
    start = inversion.invert(network, target, Search(Space.W_PLUS, steps=1)).errors.mean().item()
    assert errors[Space.W_PLUS] < errors[Space.W] < start


def test_the_same_search_gives_the_same_latent():
    network = generator("style")
    _, images = drawn(network, 1)
    first, again = (
        inversion.invert(network, images, Search(Space.W_PLUS, steps=5)).latents for _ in range(2)
    )
    assert first.shape == (1, 6, 8)
    assert torch.equal(first, again)
    other = inversion.invert(network, images, Search(Space.W_PLUS, steps=5, seed=1)).latents
    assert not torch.equal(first, other)


def test_it_leaves_no_gradients_behind():
    network = generator("dcgan")
    _, images = drawn(network, 1)
    found = inversion.invert(network, images, Search(Space.Z, steps=2))
    assert not found.latents.requires_grad and not found.errors.requires_grad


def test_wrong_images_spaces_and_steps_are_refused():
    network = generator("dcgan")
    _, images = drawn(network, 1)
    with pytest.raises(InvalidField, match="3 x 32 x 32"):
        inversion.invert(network, images[:, :1], Search(Space.Z))
    with pytest.raises(SpaceUnavailable, match="it has z"):
        inversion.invert(network, images, Search(Space.W_PLUS))
    for steps in (-1, 2001):
        with pytest.raises(InvalidField, match="steps"):
            Search(steps=steps)
    style = generator("style")
    with pytest.raises(SpaceUnavailable, match="Z, W or W"):
        inversion.invert(style, drawn(style, 1)[1], Search(Space.S))


def test_without_steps_the_latent_is_the_best_sample():
    network = generator("style")
    images = drawn(network)[1]
    found = inversion.invert(network, images, Search(Space.Z, steps=0))
    more = inversion.invert(network, images, Search(Space.Z, steps=0, candidates=512))
    assert (more.errors <= found.errors).all()
    assert found.noises == {} and found.noise_errors is None


@pytest.mark.slow
def test_a_perceptual_term_brings_the_features_nearer():
    network, look = generator("style"), predictor("convolutional")
    target = (drawn(network)[1] + 0.3 * seeded((2, 1, 12, 12))).clamp(-1, 1)
    search = Search(steps=40, perceptual=10.0)
    plain = inversion.invert(network, target, search)
    seen = inversion.invert(network, target, search, embedder=embedder(look))
    maps = perceptual.normalised(look.maps(target))
    distances = [
        perceptual.distance(look.maps(network.synthesise(f.latents, Space.W_PLUS)), maps).mean()
        for f in (plain, seen)
    ]
    assert distances[1] < 0.95 * distances[0]
    assert plain.errors.mean() < seen.errors.mean()


@pytest.mark.slow
def test_noise_inputs_take_up_what_no_latent_explains():
    network = generator("style")
    own = {name: seeded(field.shape) for name, field in network.noises.items()}
    z = drawn(network, 1)[0]
    image = network.synthesise(z, Space.Z, own).detach().clamp(-1, 1)
    search = Search(Space.W, steps=150, noise=True, whiteness=0.1)
    found = inversion.invert(network, image, search)
    plain = inversion.invert(network, image, Search(Space.W, steps=150))
    assert found.noise_errors.item() < 0.5 * plain.errors.item()
    assert set(found.noises) == set(network.noises)
    for field in found.noises.values():
        assert abs(field.mean().item()) < 1e-5
        assert field.square().mean().item() == pytest.approx(1, abs=1e-3)
    again = inversion.invert(network, image, search)
    assert all(torch.equal(found.noises[name], again.noises[name]) for name in found.noises)
    assert torch.equal(found.latents, again.latents)


def test_a_generator_without_noise_inputs_has_none_to_optimise():
    network = generator("dcgan")
    found = inversion.invert(network, drawn(network, 1)[1], Search(Space.Z, steps=2, noise=True))
    assert found.noises == {} and found.noise_errors is None


def seeded(shape) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(0))
