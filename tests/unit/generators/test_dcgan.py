"""The DCGAN adapter: architecture, first linear map, random weights."""

import numpy as np
import pytest
import torch
from torch import nn

from directrix import generators
from directrix.errors import ModelInvalid
from directrix.generators import dcgan
from directrix.types import Space
from tests.contract.models import CPU, DCGAN, dcgan_model, generator

FULL = {"z_dim": 100, "widths": [512, 256, 128, 64], "image_channels": 3}


def test_four_widths_give_64_pixels():
    card = dcgan.card(FULL, name="faces")
    assert (card.image.channels, card.image.height, card.image.width) == (3, 64, 64)
    assert [(c.name, c.channels, c.height) for c in card.layers] == [
        ("b4", 512, 4),
        ("b8", 256, 8),
        ("b16", 128, 16),
        ("b32", 64, 32),
    ]
    arrays = dcgan.random_arrays(FULL, seed=0)
    assert sum(a.size for n, a in arrays.items() if n.endswith("weight") and a.ndim == 4) == (
        16 * (100 * 512 + 512 * 256 + 256 * 128 + 128 * 64 + 64 * 3)
    )


def test_a_crop_cuts_the_border_away():
    whole_card, arrays = dcgan_model()
    cropped_card = dcgan.card({**whole_card.config, "crop": 2}, name="cropped")
    assert cropped_card.image.height == whole_card.image.height - 4
    z = torch.randn(2, 10, generator=torch.Generator().manual_seed(0))
    whole, cropped = (
        generators.build(card, arrays, CPU).synthesise(z, Space.Z)
        for card in (whole_card, cropped_card)
    )
    torch.testing.assert_close(cropped, whole[:, :, 2:-2, 2:-2], atol=1e-6, rtol=0)
    with pytest.raises(ModelInvalid, match="crops more"):
        dcgan.card({"z_dim": 4, "widths": [4], "image_channels": 1, "crop": 4}, name="gone")


def test_it_is_the_stack_that_the_paper_describes():
    arrays = {name: torch.tensor(a) for name, a in dcgan_model()[1].items()}
    x = torch.randn(3, 10, 1, 1, generator=torch.Generator().manual_seed(0))
    z = x[:, :, 0, 0]
    for i in range(3):
        stride, padding = (1, 0) if i == 0 else (2, 1)
        x = nn.functional.conv_transpose2d(
            x, arrays[f"blocks.{i}.conv.weight"], stride=stride, padding=padding
        )
        norm = f"blocks.{i}.norm."
        scale = arrays[norm + "weight"] / torch.sqrt(arrays[norm + "running_var"] + 1e-5)
        x = (x - arrays[norm + "running_mean"][:, None, None]) * scale[:, None, None]
        x = torch.relu(x + arrays[norm + "bias"][:, None, None])
    x = nn.functional.conv_transpose2d(x, arrays["image.weight"], stride=2, padding=1)
    made = generator("dcgan").synthesise(z, Space.Z)
    torch.testing.assert_close(made, torch.tanh(x), atol=1e-5, rtol=1e-5)


def test_the_first_layer_is_a_matrix_on_z():
    network = generator("dcgan")
    z = torch.randn(2, 10, generator=torch.Generator().manual_seed(0))
    matrix = network.weights(Space.Z)[0]
    assert matrix.shape == (8 * 4 * 4, 10)
    seen = {}
    network.synthesise(z, Space.Z, taps={"b4": lambda f: seen.setdefault("b4", f)})
    wanted = torch.relu(
        (z @ matrix.T).reshape(2, 8, 4, 4)
        / np.sqrt(1 + 1e-5)
        * torch.tensor(dcgan_model()[1]["blocks.0.norm.weight"])[:, None, None]
    )
    torch.testing.assert_close(seen["b4"], wanted, atol=1e-5, rtol=1e-5)


def test_random_weights_repeat_by_seed():
    first, again, other = (dcgan.random_arrays(DCGAN, seed) for seed in (1, 1, 2))
    assert all(np.array_equal(first[name], again[name]) for name in first)
    assert not np.array_equal(first["image.weight"], other["image.weight"])
    assert {a.dtype for a in first.values()} == {np.dtype(np.float32)}
    assert abs(first["blocks.0.conv.weight"].std() - 0.02) < 0.002
    generators.build(dcgan.card(DCGAN, name="random"), first, CPU)


def test_counters_of_training_may_be_there_or_not():
    card, arrays = dcgan_model()
    counted = arrays | {f"blocks.{i}.norm.num_batches_tracked": np.int64(7) for i in range(3)}
    counted = {name: np.asarray(a) for name, a in counted.items()}
    z = torch.ones(1, 10)
    plain, same = (generators.build(card, a, CPU) for a in (arrays, counted))
    assert torch.equal(plain.synthesise(z, Space.Z), same.synthesise(z, Space.Z))
