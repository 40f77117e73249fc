"""Bisection beyond the contract: combinations, what is taken out again, other kinds."""

import numpy as np
import pytest
import torch

from directrix.counterfactuals import Bisection, Question
from directrix.types import (
    Direction,
    Field,
    FieldForm,
    Finding,
    FindingSet,
    Intervention,
    Latent,
    LatentSource,
    Operation,
    Provenance,
    Recipe,
    Space,
    Status,
    Subspace,
    Units,
)
from tests.contract.toys import DIMENSION, World, linear_world


def both_axes() -> World:
    """Class a scores 2 whatever comes, class b the sum of the first two axes."""
    axes = linear_world().axes
    readings = np.stack([np.zeros(DIMENSION), axes[0] + axes[1]])
    return linear_world(readings, offsets=np.array([2.0, 0.0]))


def ask(
    world: World, *findings: Finding, at: np.ndarray | None = None, **settings: object
) -> Question:
    """A question about the image of `at`, the origin where there is none."""
    generator = world.generator.card.digest
    provenance = Provenance(method="hand", version="1", generator=generator)
    point = np.zeros(DIMENSION) if at is None else at
    origin = Latent(Space.Z, generator, point[None])
    digest = world.keep(FindingSet(findings, provenance))
    return Question(Recipe(generator, LatentSource(origin)), digest, **settings)


def directions(world: World) -> list[Finding]:
    return [Direction(Space.Z, axis, 1.0) for axis in world.axes]


def test_two_findings_together_where_one_is_not_enough() -> None:
    world = both_axes()
    question = ask(world, *directions(world), max_alpha=1.5)
    answer = Bisection().explain(question, world.renderer)
    assert answer.status is Status.FOUND
    assert sorted(m.index for m in answer.moved) == [0, 1]
    assert sum(m.alpha for m in answer.moved) == pytest.approx(2, abs=0.05)
    assert answer.margin_after == pytest.approx(0, abs=0.05)


def test_one_finding_where_one_is_enough() -> None:
    world = both_axes()
    question = ask(world, *directions(world), max_alpha=3.0)
    answer = Bisection().explain(question, world.renderer)
    assert [abs(m.alpha) for m in answer.moved] == pytest.approx([2.0], abs=0.05)


def test_what_is_not_needed_is_taken_out_again() -> None:
    """Findings 2 and 3 point the same way as 0 and 1: three of the four reach 2 with 0.7 each."""
    world = both_axes()
    axes = world.axes
    findings = [Direction(Space.Z, axes[i % 2], 1.0) for i in range(4)]
    question = ask(world, *findings, max_alpha=0.7)
    answer = Bisection().explain(question, world.renderer)
    assert answer.status is Status.FOUND
    assert len(answer.moved) == 3
    assert sum(m.alpha for m in answer.moved) == pytest.approx(2, abs=0.05)


def test_subspaces_are_searched_row_by_row() -> None:
    world = both_axes()
    subspace = Subspace(Space.Z, world.axes[[5, 1]], np.array([1.0, 2.0]))
    answer = Bisection().explain(ask(world, subspace), world.renderer)
    assert [m.index for m in answer.moved] == [0]
    assert answer.moves[0].coefficients == (0.0, 1.0)
    assert answer.distance_sd == pytest.approx(1.0, abs=0.03)


def test_fields_and_interventions_are_followed() -> None:
    world = both_axes()
    axis = world.axes[0]
    field = Field(
        Space.Z,
        FieldForm.MLP,
        {"w1": axis[None], "b1": np.array([100.0]), "w2": np.array([1.0])},
        0.5,
    )
    adding = Intervention(Space.Z, np.arange(DIMENSION), axis, Operation.ADD)
    setting = Intervention(Space.Z, np.arange(DIMENSION), 2.5 * axis, Operation.SET)
    for finding, wanted in ((field, 4.0), (adding, 2.0), (setting, 0.8)):
        answer = Bisection().explain(ask(world, finding), world.renderer)
        assert answer.status is Status.FOUND
        assert answer.distance_sd == pytest.approx(wanted, abs=0.08)


def test_units_are_blended_until_the_classifier_flips() -> None:
    """Scores are linear in the image, and the image in alpha: the flip is known by hand."""
    world = linear_world()
    first = world.predictor.scores(
        world.generator.synthesise(torch.from_numpy(world.axes[:1]), Space.Z)
    )[0].numpy()
    white = world.predictor.scores(torch.ones(1, 1, 8, 8))[0].numpy()
    assert (first.argmax(), white.argmax()) == (0, 2)
    units = Units("plane", np.array([0]), np.array([1.0]))
    question = ask(world, units, at=world.axes[0], target="c")
    answer = Bisection().explain(question, world.renderer)
    gap, gain = first[0] - first[2], white[2] - white[0]
    assert [m.alpha for m in answer.moved] == pytest.approx([gap / (gap + gain)], abs=0.02)


def test_units_do_not_go_beyond_their_target() -> None:
    world = linear_world()
    units = Units("plane", np.array([0]), np.array([1.0]))
    question = ask(world, units, at=world.axes[0] * 2, target="b")
    answer = Bisection().explain(question, world.renderer)
    assert answer.status is Status.NOT_FOUND
    assert all(abs(m.alpha) <= 1 for m in answer.moved)


def test_tolerance_and_levels_are_settings() -> None:
    world = both_axes()
    question = ask(world, *directions(world)[:1])
    rough = Bisection(levels=2, tolerance=1.0).explain(question, world.renderer)
    fine = Bisection(levels=40, tolerance=0.005).explain(question, world.renderer)
    assert rough.status is fine.status is Status.FOUND
    assert 2.0 <= fine.distance_sd + 0.02 < rough.distance_sd <= 3.0
    assert rough.generator_calls < fine.generator_calls
