"""Gradients on linear toys: the shortest step in closed form, with and without the prior."""

import numpy as np
import pytest
import torch

from directrix.counterfactuals import EXPLAINERS, Gradient, LatentDescent, explain_variously
from directrix.errors import InvalidField, NeedsUnmet
from directrix.types import Recipe, SeedSource, Space, Status
from tests.contract.toys import DIMENSION, style_world
from tests.unit.counterfactuals.latents import ask, black_box, two_classes, within

SLOPES = np.array([0.1, -0.2, 0.0, 0.3, 0.0, -0.9, 0.2, 0.5])
HERE = np.array([0.4, 0.1, -0.6, -0.2, 0.3, 0.5, 0.0, 0.2])


def test_the_shortest_step_is_that_of_the_closed_form() -> None:
    """Straight to the plane where the margin is 0: |m| / |slopes|."""
    world = two_classes(SLOPES)
    answer = Gradient(prior=0.0, tolerance=1e-5).explain(ask(world, HERE), world.renderer)
    length = -float(SLOPES @ HERE) / float(np.linalg.norm(SLOPES))
    assert answer.status is Status.FOUND and length > 0.1
    assert answer.distance_sd == pytest.approx(length, abs=1e-4)
    (moved,) = answer.moved
    assert (moved.space, moved.layer, moved.alpha) == (Space.Z, "", answer.distance_sd)
    step = answer.latent.values[0] - HERE
    assert step == pytest.approx(length * SLOPES / np.linalg.norm(SLOPES), abs=2e-3)


def test_the_prior_pulls_towards_the_mean_along_the_plane() -> None:
    """The least of |a|^2 + p |u + a|^2 on the plane: -p/(1+p) u, carried over to it."""
    world, prior = two_classes(SLOPES), 0.5
    answer = Gradient(prior=prior, tolerance=1e-5).explain(ask(world, HERE), world.renderer)
    centre = -prior / (1 + prior) * HERE
    missing = -float(SLOPES @ (HERE + centre))
    wanted = centre + SLOPES * missing / float(SLOPES @ SLOPES)
    assert answer.latent.values[0] - HERE == pytest.approx(wanted, abs=2e-3)
    assert answer.distance_sd == pytest.approx(float(np.linalg.norm(wanted)), abs=1e-4)


def test_steps_in_w_count_sd_of_the_population() -> None:
    """Of w = M z the population is as wide as M says: |m| / |M^T slopes|."""
    world = two_classes(SLOPES, side=64, w_dim=DIMENSION)
    answer = Gradient(prior=0.0).explain(ask(world, 2 * HERE), world.renderer)
    matrix = world.generator.convert(_eye(), Space.Z, Space.W).numpy().T
    margin = float(SLOPES @ matrix @ (2 * HERE))
    if margin > 0:
        assert answer.status is Status.ALREADY_TARGET
        return
    length = -margin / float(np.linalg.norm(matrix.T @ SLOPES))
    assert answer.latent.space is Space.W
    assert answer.distance_sd == pytest.approx(length, rel=0.05)


@pytest.mark.parametrize("name", ["gradient", "gradient_w_plus", "latent_descent"])
def test_a_black_box_has_no_slopes(name: str) -> None:
    world = two_classes(SLOPES, side=8)
    with pytest.raises(NeedsUnmet, match="no gradient"):
        EXPLAINERS[name].explain(ask(world, HERE), black_box(world))


@pytest.mark.parametrize("name", ["gradient", "gradient_w_plus", "latent_descent"])
def test_a_latent_is_moved_whole(name: str) -> None:
    world = two_classes(SLOPES, side=8)
    with pytest.raises(InvalidField, match="whole"):
        EXPLAINERS[name].explain(ask(world, HERE, allowed=(1,)), world.renderer)
    question = ask(world, HERE)
    answers = explain_variously(question, world.renderer, 3, explainer=EXPLAINERS[name])
    assert [answer.status for answer in answers] == [Status.FOUND]


def test_in_w_plus_every_layer_moves_for_itself() -> None:
    world = style_world()
    recipe = Recipe(world.generator.card.digest, SeedSource(3, 1))
    question = within(ask(world, HERE), recipe=recipe, target="")
    answer = EXPLAINERS["gradient_w_plus"].explain(question, world.renderer)
    assert answer.status is Status.FOUND and answer.latent.space is Space.W_PLUS
    assert np.ptp(answer.latent.values[0], axis=0).max() > 1e-3
    same = EXPLAINERS["gradient"].explain(question, world.renderer)
    assert same.status is Status.FOUND and same.latent.space is Space.W


def test_descent_ends_where_it_flips_and_makes_nothing_short() -> None:
    world = two_classes(SLOPES, side=64)
    rate = 0.05
    answer = LatentDescent(rate=rate).explain(ask(world, HERE), world.renderer)
    shortest = Gradient(prior=0.0).explain(ask(world, HERE), world.renderer)
    assert answer.status is Status.FOUND
    assert answer.distance_sd > shortest.distance_sd
    steps = np.abs(answer.latent.values[0] - HERE)[SLOPES != 0] / rate
    assert steps == pytest.approx(np.full(6, steps[0]), rel=1e-3)
    gone = LatentDescent(steps=2).explain(ask(world, 9 * HERE), world.renderer)
    assert gone.status is Status.NOT_FOUND and "2 steps" in gone.cause


def _eye() -> torch.Tensor:
    return torch.eye(DIMENSION)
