"""Jacobian products: all routes agree with what is known by hand."""

import numpy as np
import pytest
import torch
from torch import Tensor

from directrix.jacobians import (
    EXACT,
    SKETCH,
    Route,
    choose,
    differences,
    has_gradient,
    jacobian,
    pull,
    push,
)

MATRIX = torch.from_numpy(np.random.Generator(np.random.Philox(0)).standard_normal((5, 3)))
POINT = torch.tensor([0.3, -1.2, 0.7], dtype=torch.float64)


def cubic(rows: Tensor) -> Tensor:
    return (rows @ MATRIX.T) ** 3


def known() -> np.ndarray:
    return (3 * (MATRIX @ POINT) ** 2)[:, None].numpy() * MATRIX.numpy()


def without_gradient(rows: Tensor) -> Tensor:
    return torch.from_numpy(cubic(rows).detach().numpy())


@pytest.mark.parametrize("route", [None, Route.JVP, Route.VJP, Route.SKETCH])
def test_every_route_gives_the_jacobian(route: Route | None) -> None:
    """Five outputs are fewer than a sketch's rows: it is then exact."""
    found = jacobian(cubic, POINT, torch.eye(3, dtype=torch.float64), route)
    assert found.dtype == np.float64
    assert found == pytest.approx(known(), rel=1e-12)


def test_tangents_are_columns() -> None:
    tangents = torch.tensor([[1.0, 2, 0], [0, 0, 3]], dtype=torch.float64)
    for route in (Route.JVP, Route.VJP):
        found = jacobian(cubic, POINT, tangents, route)
        assert found == pytest.approx(known() @ tangents.numpy().T, rel=1e-12)


def test_maps_without_gradients_go_by_differences() -> None:
    assert not has_gradient(without_gradient, POINT)
    found = jacobian(without_gradient, POINT, torch.eye(3, dtype=torch.float64), Route.VJP)
    assert found == pytest.approx(known(), abs=2e-3)
    steep = differences(without_gradient, POINT, 100 * torch.eye(3, dtype=torch.float64))
    found = steep.numpy().T
    assert found == pytest.approx(100 * known(), rel=1e-2)


def test_many_products_come_in_chunks() -> None:
    tangents = torch.randn(150, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    assert push(cubic, POINT, tangents).numpy() == pytest.approx(tangents.numpy() @ known().T)
    cotangents = torch.randn(
        150, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(1)
    )
    assert pull(cubic, POINT, cotangents).numpy() == pytest.approx(cotangents.numpy() @ known())


def test_a_sketch_estimates_the_gram_matrix_and_repeats_by_seed() -> None:
    wide = torch.from_numpy(np.random.Generator(np.random.Philox(1)).standard_normal((2000, 3)))
    eye = torch.eye(3, dtype=torch.float64)

    def linear(rows: Tensor) -> Tensor:
        return rows @ wide.T

    first, again, other = (jacobian(linear, POINT, eye, Route.SKETCH, s) for s in (1, 1, 2))
    assert first.shape == (SKETCH, 3)
    assert np.array_equal(first, again) and not np.array_equal(first, other)
    exact = wide.numpy().T @ wide.numpy()
    assert np.abs(first.T @ first - exact).max() < 0.3 * np.abs(exact).max()


def test_the_cheapest_route_is_chosen() -> None:
    assert choose(inputs=64, outputs=3000) is Route.JVP
    assert choose(inputs=768, outputs=14) is Route.VJP
    assert choose(inputs=9088, outputs=10 * EXACT) is Route.SKETCH


def test_a_map_to_nothing_has_no_rows() -> None:
    found = jacobian(lambda rows: rows[:, :0], POINT, torch.eye(3, dtype=torch.float64))
    assert found.shape == (0, 3)


def test_networks_are_left_as_they_were() -> None:
    layer = torch.nn.Linear(3, 2).requires_grad_(False)
    jacobian(layer, torch.zeros(3), torch.eye(3), Route.VJP)
    assert layer.weight.grad is None
    assert torch.is_grad_enabled()
