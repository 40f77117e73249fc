"""The client against the running system: what only it can do, streams and inversions."""

import asyncio

import numpy as np
import pytest

from directrix.archive import image_digest, pack_arrays
from directrix.client import AsyncClient, Client
from directrix.generators import linear
from directrix.types import ImageCard, Latent

NAME = "client-toy"


@pytest.fixture(scope="module")
def target(endpoint):
    arrays, _ = linear.planted([2.0, 1.0], pixels=144, seed=5)
    card = linear.card(NAME, ImageCard(channels=1, height=12, width=12), z_dim=2)
    with Client(endpoint) as client:
        client.register_model(NAME, card.model_dump_json(), pack_arrays(arrays))
    return endpoint


def test_a_stream_ends_with_the_last_recipe(target):
    async def story():
        async with AsyncClient(target) as client:

            async def slider():
                for index in range(20):
                    yield client.recipe(NAME, seed=1, index=index)

            answers = [each async for each in client.stream_edits(slider(), encoding="raw")]
            return answers, await client.edit(NAME, seed=1, index=19)

    answers, last = asyncio.run(story())
    sequences = [answer.sequence for answer in answers]
    assert sequences == sorted(sequences) and sequences[-1] == 19
    assert len(answers) + sum(answer.dropped for answer in answers) == 20
    change = answers[-1].edited.image.astype(int) - last.image
    assert np.abs(change).max() <= 1  # a stream renders previews


def test_sampled_latents_render_to_the_samples(target):
    with Client(target) as client:
        latents = client.sample_latents(NAME, seed=1, start=3, count=2)
        for row, index in zip(latents.values, (3, 4), strict=True):
            one = Latent(latents.space, latents.generator, row[None])
            edited = client.edit(NAME, latent=one)
            assert edited.digest == client.edit(NAME, seed=1, index=index).digest
            assert edited.digest == image_digest(edited.image)


def test_an_inversion_finds_its_way_back(target):
    with Client(target) as client:
        edited = client.edit(NAME, seed=1, index=7)
        found = client.invert(NAME, edited.png)
        assert found.error < 1e-3
        change = found.reconstruction.image.astype(int) - edited.image
        assert np.abs(change).mean() < 4
