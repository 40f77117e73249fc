"""Inversion finds latents of images that the generator itself has drawn."""

import numpy as np
import pytest
import torch

from directrix import inversion
from directrix.errors import InvalidField, SpaceUnavailable
from directrix.inversion import Search
from directrix.population import latents
from directrix.types import Space
from tests.contract.models import generator


def drawn(network, count: int = 2) -> tuple[torch.Tensor, torch.Tensor]:
    z = torch.from_numpy(latents(9, 0, count, network.dimension(Space.Z)))
    return z, network.synthesise(z, Space.Z)


def test_the_latent_of_a_linear_image_is_found():
    network = generator("linear")
    z, images = drawn(network)
    found = inversion.invert(network, images, Search(Space.Z, steps=200))
    np.testing.assert_allclose(found.latents.numpy(), z.numpy(), atol=0.15)
    assert found.errors.max() < 1e-3


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
    for steps in (0, 2001):
        with pytest.raises(InvalidField, match="steps"):
            Search(steps=steps)
