"""The linear toy: what is planted can be read off by hand."""

import numpy as np
import pytest
import torch

from directrix import generators
from directrix.errors import ModelInvalid
from directrix.generators import linear
from directrix.types import Space, SpaceCard
from tests.contract.models import CPU, GREY, generator, linear_model, mapped_linear_model


def test_the_image_is_a_u_plus_b():
    matrix = np.arange(144 * 2, dtype=np.float32).reshape(144, 2)
    offset = np.full(144, 5, np.float32)
    card = linear.card("by-hand", GREY, z_dim=2)
    made = generators.build(card, {"A": matrix, "b": offset}, CPU).synthesise(
        torch.tensor([[1.0, 10.0]]), Space.Z
    )
    assert made.shape == (1, 1, 12, 12)
    assert made[0, 0, 0, 0] == 0 * 1 + 1 * 10 + 5
    assert made[0, 0, 0, 1] == 2 * 1 + 3 * 10 + 5
    assert made[0, 0, 1, 0] == 24 * 1 + 25 * 10 + 5


def test_planted_axes_are_the_singular_vectors():
    arrays, axes = linear.planted([4.0, 2.0, 1.0], pixels=144, seed=3)
    np.testing.assert_allclose(axes @ axes.T, np.eye(3), atol=1e-6)
    stretch = np.linalg.norm(arrays["A"] @ axes.T, axis=0)
    np.testing.assert_allclose(stretch / stretch[2], [4, 2, 1], rtol=1e-5)
    _, _, right = np.linalg.svd(arrays["A"], full_matrices=False)
    np.testing.assert_allclose(np.abs(np.sum(right * axes, 1)), [1, 1, 1], atol=1e-5)
    spread = np.sqrt(np.square(arrays["A"]).sum(1).mean())
    assert spread == pytest.approx(0.25, rel=1e-5)


def test_w_is_a_linear_image_of_z():
    network = generator("linear-w")
    z = torch.tensor([[1.0, 2.0, 3.0, 5.0]])
    w = network.convert(z, Space.Z, Space.W)
    assert w.tolist() == [[4.0, 1.0, 4.0]]
    change = network.synthesise(z, Space.Z).flatten()
    torch.testing.assert_close(network.weights(Space.W)[0] @ w[0], change)
    torch.testing.assert_close(network.weights(Space.Z)[0] @ z[0], change)
    assert network.truncation_space is Space.W


def test_only_z_and_w_are_possible():
    card, arrays = linear_model()
    spaces = (*card.spaces, SpaceCard(space=Space.S, dimension=3))
    with pytest.raises(ModelInvalid, match="z and perhaps w"):
        generators.build(card.model_copy(update={"spaces": spaces}), arrays, CPU)
    card, arrays = mapped_linear_model()
    with pytest.raises(ModelInvalid, match="'M'"):
        generators.build(card, {k: v for k, v in arrays.items() if k != "M"}, CPU)
