"""What every explainer that makes answers short holds, contributes and finds besides."""

import numpy as np
import pytest

from directrix.counterfactuals import (
    Bisection,
    Explainer,
    Hold,
    Question,
    SparseSearch,
    Spent,
    explain_variously,
)
from directrix.errors import InvalidField
from directrix.types import Direction, Space, Status
from tests.contract.questions import along_axes, keep, start
from tests.contract.toys import World, linear_world


@pytest.fixture(params=[Bisection(), SparseSearch()], ids=["bisection", "sparse"])
def explainer(request: pytest.FixtureRequest) -> Explainer:
    return request.param


@pytest.fixture(scope="module")
def world() -> World:
    """Class k wins where u . axes[k] is the largest of three."""
    return linear_world()


def test_further_answers_move_other_findings(explainer: Explainer, world: World) -> None:
    question = Question(start(world, 1.0, 0.4, -0.5), along_axes(world), target="b")
    answers = explain_variously(question, world.renderer, 5, explainer=explainer)
    moved = [each.index for answer in answers for each in answer.moved]
    assert len(answers) >= 2 and len(moved) == len(set(moved))  # a falls, or b rises
    assert all(answer.status is Status.FOUND for answer in answers)
    assert len(explain_variously(question, world.renderer, 0, explainer=explainer)) == 1


def test_without_an_answer_there_are_no_further_ones(explainer: Explainer, world: World) -> None:
    question = Question(start(world, 2.0), along_axes(world), max_alpha=0.1)
    (answer,) = explain_variously(question, world.renderer, 3, explainer=explainer)
    assert answer.status is Status.NOT_FOUND


def test_contributions_add_up_to_the_change_of_the_margin(
    explainer: Explainer, world: World
) -> None:
    digest = along_axes(world)
    question = Question(start(world, 2.0, 0.0, -2.0), digest, target="c", max_alpha=2.5)
    answer = explainer.explain(question, world.renderer)
    assert answer.status is Status.FOUND and len(answer.moved) >= 2
    total = sum(moved.contribution for moved in answer.moved)
    assert total == pytest.approx(answer.margin_after - answer.margin_before, abs=1e-6)
    assert all(moved.contribution > 0 for moved in answer.moved)


def test_what_is_held_stays_within_its_tolerance(explainer: Explainer, world: World) -> None:
    """b over a takes either axis 0 or axis 1; where c must not move, axis 2 stays out of it too."""
    findings = [
        Direction(Space.Z, v / np.linalg.norm(v), float(np.linalg.norm(v)))
        for v in (world.axes[1] * 1.5 + world.axes[2] * 0.8, world.axes[1])
    ]
    digest, recipe = keep(world, *findings), start(world, 1.0, 0.0, -1.0)
    free = explainer.explain(Question(recipe, digest, target="b"), world.renderer)
    assert [moved.index for moved in free.moved] == [0]
    held = Question(recipe, digest, target="b", hold=(Hold(2, 1.0, 0.02),))
    answer = explainer.explain(held, world.renderer)
    assert answer.status is Status.FOUND
    assert [moved.index for moved in answer.moved] == [1]
    assert abs(answer.scores_after[2] - answer.scores_before[2]) <= 0.02


def test_outside_the_mask_nothing_changes(explainer: Explainer, world: World) -> None:
    mask = np.zeros((8, 8), np.float32)
    mask[:4] = 1
    question = Question(start(world, 0.3, 0.2), along_axes(world), target="b", mask=mask)
    answer = explainer.explain(question, world.renderer)
    assert answer.status is Status.FOUND
    assert np.array_equal(answer.image[4:], answer.original[4:])
    assert not np.array_equal(answer.image[:4], answer.original[:4])


def test_frozen_findings_stay_where_they_are(explainer: Explainer, world: World) -> None:
    recipe, digest = start(world, 1.0, 0.4), along_axes(world)
    for frozen, moved in (((0,), 1), ((1,), 0)):
        answer = explainer.explain(Question(recipe, digest, frozen=frozen), world.renderer)
        assert [each.index for each in answer.moved] == [moved]
    both = Question(recipe, digest, target="b", allowed=(0, 1), frozen=(0,))
    answers = explain_variously(both, world.renderer, 3, explainer=explainer)
    assert [[each.index for each in answer.moved] for answer in answers] == [[1]]


@pytest.mark.parametrize(("allowed", "frozen"), [((1, 2), (2, 1)), ((), (99,))])
def test_frozen_findings_are_checked(
    explainer: Explainer, world: World, allowed: tuple[int, ...], frozen: tuple[int, ...]
) -> None:
    question = Question(start(world, 1.0), along_axes(world), allowed=allowed, frozen=frozen)
    with pytest.raises(InvalidField) as caught:
        explainer.explain(question, world.renderer)
    assert caught.value.field == "frozen"


@pytest.mark.parametrize("steps", [1, 2, 4, 8, 12, 16])
def test_time_that_is_over_ends_a_search_with_what_it_has(
    explainer: Explainer, world: World, steps: int
) -> None:
    calls = []

    def stop() -> None:
        calls.append(1)
        if len(calls) > steps:
            raise Spent("the 2 s that it may last were over")

    question = Question(start(world, 2.0, 0.0, -2.0), along_axes(world), target="c", max_alpha=2.5)
    answer = explainer.explain(question, world.renderer, stop=stop)
    whole = explainer.explain(question, world.renderer)
    assert (answer.status is Status.FOUND) == (answer.margin_after > 0)
    if answer.status is Status.NOT_FOUND:
        assert answer.cause == "the 2 s that it may last were over before the classifier flipped"
        assert answer.margin_after >= answer.margin_before
    assert answer.generator_calls < whole.generator_calls or answer.distance_sd == whole.distance_sd
    assert len(answer.curve) >= 1 + (answer.distance_sd > 0)
