"""Closed steps: what they keep, how far they go, and that edits take the same ones."""

import numpy as np
import pytest
import torch

from directrix.densities import great_circle, linear, norm_preserving, scale_invariant
from directrix.walks.paths import PATHS
from tests.contract.toys import linear_world, style_world

CHANCE = torch.Generator().manual_seed(0)
STARTS = torch.randn((500, 128), generator=CHANCE)
DIRECTION = torch.nn.functional.normalize(torch.randn((1, 128), generator=CHANCE))


@pytest.mark.parametrize("step", [norm_preserving, great_circle])
def test_the_norm_stays(step) -> None:
    moved = step(STARTS, 20.0 * DIRECTION.expand_as(STARTS))
    assert moved.norm(dim=1) == pytest.approx(STARTS.norm(dim=1).numpy(), rel=1e-5)


@pytest.mark.parametrize(("stride", "degrees"), [(5, 24), (10, 42), (20, 61), (50, 77)])
def test_norm_preserving_angles_saturate(stride: float, degrees: float) -> None:
    """In 128 dimensions |z| is about 11.3: the angle is about atan(stride / 11.3)."""
    moved = norm_preserving(STARTS, stride * DIRECTION.expand_as(STARTS))
    cosines = torch.cosine_similarity(moved, STARTS)
    assert float(torch.rad2deg(torch.acos(cosines)).mean()) == pytest.approx(degrees, abs=1.5)


def test_great_circle_goes_as_far_as_it_is_told() -> None:
    moved = great_circle(STARTS, 5.0 * DIRECTION.expand_as(STARTS))
    angle = torch.acos(torch.cosine_similarity(moved, STARTS)) * STARTS.norm(dim=1)
    assert angle == pytest.approx(np.full(500, 5.0), abs=0.02)


def test_the_linear_step_loses_half_its_square() -> None:
    moved = linear(STARTS, 10.0 * DIRECTION.expand_as(STARTS))
    lost = (moved.square().sum(1) - STARTS.square().sum(1)) / 2
    assert float(lost.mean()) == pytest.approx(50, abs=2)


@pytest.mark.parametrize("step", [linear, norm_preserving, great_circle])
def test_edits_take_the_same_step(step) -> None:
    displacements = 7.0 * DIRECTION.expand_as(STARTS)
    walked = [
        PATHS[step.__name__](u.double().numpy(), d.double().numpy())
        for u, d in zip(STARTS[:9], displacements, strict=False)
    ]
    assert step(STARTS[:9], displacements[:9]).numpy() == pytest.approx(np.stack(walked), abs=1e-4)


@pytest.mark.parametrize("step", [norm_preserving, great_circle])
def test_steps_have_finite_gradients_where_nothing_moves(step) -> None:
    displacement = torch.zeros_like(STARTS).requires_grad_()
    step(STARTS, displacement).sum().backward()
    assert torch.isfinite(displacement.grad).all()


def test_normalised_latents_are_noticed() -> None:
    assert scale_invariant(style_world().generator)
    assert not scale_invariant(linear_world().generator)
