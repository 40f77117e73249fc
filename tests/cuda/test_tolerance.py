"""The same model on the GPU and on the CPU, for every architecture."""

import numpy as np
import pytest
import torch

from directrix.archive import image_digest
from directrix.generators import Generator
from directrix.generators.shared_synthesis import SharedSynthesis
from directrix.rendering import Renderer
from directrix.types import Form, Recipe, SeedSource, Space
from tests.contract.deviation import (
    NAMES,
    answers,
    apart,
    bfloat16,
    build,
    deviation,
    float32,
    rows_for,
)
from tests.contract.models import CPU, GENERATORS

FLOAT32 = 1e-4
"""SDs of the CPU's answers; TF32, which keeps 11 bits, would be beyond it."""
BFLOAT16 = 0.08
"""As on the CPU (tests/unit/rendering/test_bfloat16.py)."""


@pytest.mark.parametrize("name", NAMES)
def test_float32_is_the_cpus_within_rounding(cuda, name):
    assert deviation(name, cuda, float32) <= FLOAT32


@pytest.mark.parametrize("name", NAMES)
def test_bfloat16_lies_near_the_cpus_float32(cuda, name):
    assert deviation(name, cuda, bfloat16) <= BFLOAT16


@pytest.mark.parametrize("name", NAMES)
def test_the_same_rows_give_the_same_floats_again(cuda, name):
    network = build(name, cuda)
    assert np.array_equal(answers(network), answers(network))


@pytest.mark.parametrize("name", GENERATORS)
def test_a_recipe_gives_the_same_bytes_whoever_is_beside_it_and_nearly_the_cpus(cuda, name):
    there, here = (_rendered(name, device) for device in (cuda, CPU))
    alone = _rendered(name, cuda, first=4)
    assert image_digest(alone[0]) == image_digest(there[4])
    assert np.abs(there.astype(int) - here).max() <= 1


def _rendered(name: str, device: torch.device, first: int = 0) -> np.ndarray:
    """Images 0 to 4 of a seed, from `first` on."""
    network = build(name, device)
    assert isinstance(network, Generator)
    renderer = Renderer(network, [], lambda digest: pytest.fail(digest))
    digest = network.card.digest
    plans = [renderer.plan(Recipe(digest, SeedSource(5, index))) for index in range(first, 5)]
    return renderer.render(plans, Form.RESULT).images


def test_what_rows_share_is_synthesised_once_to_the_same_pictures(cuda):
    network = build("style", cuda)
    styles = network.convert(rows_for(network), Space.Z, Space.S)
    styles[1::2] = styles[:1]
    wanted = network.synthesise(styles, Space.S).cpu().numpy()
    found = SharedSynthesis(network._network, network.noises)(styles)
    assert apart(wanted, found.cpu().numpy()) <= FLOAT32
