"""Descent on linear toys, where every step is known by hand."""

import numpy as np
import pytest

from directrix.counterfactuals import Descent, Question
from directrix.errors import NeedsUnmet
from directrix.types import (
    Direction,
    Finding,
    FindingSet,
    Latent,
    LatentSource,
    Provenance,
    Recipe,
    Space,
    Status,
    Units,
)
from tests.contract.toys import World, linear_world


def ask(world: World, *findings: Finding, **parts: object) -> Question:
    digest = world.generator.card.digest
    found = FindingSet(findings, Provenance(method="hand", version="1", generator=digest))
    at = world.axes[0][None].astype(np.float32)
    recipe = Recipe(digest, LatentSource(Latent(Space.Z, digest, at)))
    return Question(recipe, world.keep(found), target="b", **parts)


def test_every_step_is_that_of_gradient_ascent_with_momentum() -> None:
    """b - a rises by 1 along axis 1 and falls by 1 along axis 0: so the slopes are 1 and -1."""
    world = linear_world()
    directions = [Direction(Space.Z, world.axes[i], 1.0) for i in (0, 1)]
    settings = Descent(iterations=3, rate=0.1, momentum=0.5, decay=0.0)
    answer = settings.explain(ask(world, *directions), world.renderer)
    alpha = 0.1 * (1 + 1.5 + 1.75)
    moved = {each.index: each.alpha for each in answer.moved}
    assert moved == {0: pytest.approx(-alpha, rel=0.03), 1: pytest.approx(alpha, rel=0.03)}
    assert answer.status is (Status.FOUND if 2 * alpha > 1 else Status.NOT_FOUND)
    assert settings.iterations <= answer.generator_calls <= settings.iterations + 20


def test_it_stays_within_max_alpha_and_says_when_it_does_not_get_there() -> None:
    world = linear_world()
    question = ask(world, Direction(Space.Z, world.axes[1], 1.0), max_alpha=0.2)
    answer = Descent(rate=10.0).explain(question, world.renderer)
    assert answer.status is Status.NOT_FOUND and "20 steps" in answer.cause
    assert [each.alpha for each in answer.moved] == [0.2]


def test_units_have_no_slopes() -> None:
    world = linear_world()
    units = Units("plane", np.array([0]), np.array([1.0]))
    with pytest.raises(NeedsUnmet, match="sparse"):
        Descent().explain(ask(world, units), world.renderer)
