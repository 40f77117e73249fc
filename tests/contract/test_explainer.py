"""Every explainer keeps the contract of `directrix.counterfactuals.Explainer`."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from directrix.counterfactuals import EXPLAINERS, Explainer, Progress, Question, explain
from directrix.errors import (
    Cancelled,
    FindingMismatch,
    InvalidField,
    PredictorMismatch,
    SpaceUnavailable,
)
from directrix.predictors import Predictor
from directrix.predictors import linear as linear_predictor
from directrix.types import (
    FindingRef,
    ImageSource,
    Latent,
    LatentSource,
    Move,
    Recipe,
    SeedSource,
    Space,
    Status,
)
from tests.contract.questions import BY_FINDINGS, SHORT, along_axes, start
from tests.contract.toys import CPU, DIMENSION, IMAGE, World, linear_world


@pytest.fixture(params=SHORT)
def explainer(request: pytest.FixtureRequest) -> Explainer:
    """Those that move findings and make their answers short."""
    return EXPLAINERS[request.param]


@pytest.fixture(params=sorted(EXPLAINERS))
def every(request: pytest.FixtureRequest) -> Explainer:
    """Those too that make nothing short, and those that move latents."""
    return EXPLAINERS[request.param]


@pytest.fixture(params=sorted(set(EXPLAINERS) - {"descent", "attfind"}))
def careful(request: pytest.FixtureRequest) -> Explainer:
    """Those that go on until it flips, if it can."""
    return EXPLAINERS[request.param]


@pytest.fixture(params=BY_FINDINGS)
def by_findings(request: pytest.FixtureRequest) -> Explainer:
    return EXPLAINERS[request.param]


@pytest.fixture(scope="module")
def world() -> World:
    """Class k wins where u . axes[k] is the largest of three."""
    return linear_world()


def judge_that_says(name: str) -> Predictor:
    """A classifier of a, b and c that always says the same."""
    card = linear_predictor.card("oracle", IMAGE, "abc")
    tensors = {
        "B": np.zeros((3, 64), np.float32),
        "c": np.float32([scorer == name for scorer in "abc"]),
    }
    return linear_predictor.build(card, tensors, CPU)


# ---- the answer


@pytest.mark.parametrize(
    ("coordinates", "target", "wanted"),
    [
        ((1.0, 0.4, -0.5), "", {0: -0.6}),
        ((1.0, 0.4, -0.5), "b", {0: -0.6}),
        ((1.0, 0.9, -0.5), "c", {2: 1.5}),
        ((0.2, 0.1, 0.0), "b", {0: -0.1}),
    ],
)
def test_finds_the_shortest_flip_in_closed_form(
    explainer: Explainer,
    world: World,
    coordinates: tuple[float, ...],
    target: str,
    wanted: dict[int, float],
) -> None:
    """Both class axes flip at the same |alpha|, the gap; either is right."""
    question = Question(start(world, *coordinates), along_axes(world), target=target)
    answer = explainer.explain(question, world.renderer)
    assert answer.status is Status.FOUND
    assert answer.cause == ""
    assert len(answer.moved) == 1
    assert answer.distance_sd == pytest.approx(abs(next(iter(wanted.values()))), abs=0.04)
    assert answer.distance_sd == abs(answer.moved[0].alpha)
    if target == "c":
        assert answer.moved[0].index == 2
    assert answer.margin_before < 0 < answer.margin_after
    assert answer.source_class == "a"
    assert answer.target_class == (target or "b")


def test_the_flip_holds_for_the_picture_itself(every: Explainer, world: World) -> None:
    question = Question(start(world, 1.0, 0.2), along_axes(world), target="b")
    answer = every.explain(question, world.renderer)
    assert answer.image.dtype == np.uint8
    pixels = torch.from_numpy(answer.image.copy()).permute(2, 0, 1)[None].float() / 127.5 - 1
    scores = world.predictor.scores(pixels)[0].numpy()
    assert scores.argmax() == 1
    assert scores[1] - max(scores[0], scores[2]) == pytest.approx(answer.margin_after, abs=1e-4)
    chance = np.exp(scores - scores.max())
    assert chance[1] / chance.sum() == pytest.approx(answer.probability_after, abs=1e-5)


def test_the_recipe_renders_to_the_same_bytes(every: Explainer, world: World) -> None:
    digest, renderer = along_axes(world), world.renderer
    before = (Move(FindingRef(digest, 5), 0.7),)
    recipe = replace(start(world, 1.0, 0.2), moves=before)
    answer = every.explain(Question(recipe, digest), renderer)
    assert answer.moves == answer.recipe.moves
    whole = renderer.plan(answer.recipe)
    assert np.array_equal(renderer.render([whole]).images[0], answer.image)
    assert np.array_equal(renderer.latent(whole).values, answer.latent.values)
    first = renderer.render([renderer.plan(recipe)]).images[0]
    assert np.array_equal(first, answer.original)
    assert answer.pixel_l1 == pytest.approx(np.abs(answer.image - first.astype(float)).mean())


def test_findings_are_moved_on_top_of_the_moves_that_are_there(
    by_findings: Explainer, world: World
) -> None:
    digest = along_axes(world)
    before = (Move(FindingRef(digest, 5), 0.7),)
    recipe = replace(start(world, 1.0, 0.2), moves=before)
    answer = by_findings.explain(Question(recipe, digest), world.renderer)
    assert answer.moves[:1] == before and len(answer.moves) == 1 + len(answer.moved)
    assert answer.recipe.source is recipe.source


def test_answers_repeat(every: Explainer, world: World) -> None:
    recipe = Recipe(world.generator.card.digest, SeedSource(77, 3))
    question = Question(recipe, along_axes(world))
    first, second = (every.explain(question, world.renderer) for _ in range(2))
    assert first.moved == second.moved
    assert first.curve == second.curve
    assert np.array_equal(first.image, second.image)


def test_the_curve_leads_from_the_original_to_the_answer(every: Explainer, world: World) -> None:
    question = Question(start(world, 1.0, 0.2), along_axes(world))
    answer = every.explain(question, world.renderer)
    assert answer.curve[0].distance == 0
    assert answer.curve[0].margin == answer.margin_before
    assert answer.curve[-1].distance == answer.distance_sd
    assert answer.curve[-1].margin == answer.margin_after
    margins = [point.margin for point in answer.curve]
    assert margins == sorted(margins)
    assert len(margins) > 4


def test_a_probability_is_reached(explainer: Explainer, world: World) -> None:
    recipe, digest = start(world, 1.0, 0.2), along_axes(world)
    plain = explainer.explain(Question(recipe, digest, target="b"), world.renderer)
    sure = explainer.explain(
        Question(recipe, digest, target="b", target_probability=0.8), world.renderer
    )
    assert plain.probability_after < 0.6
    assert sure.status is Status.FOUND
    assert 0.8 <= sure.probability_after < 0.81
    assert sure.distance_sd > plain.distance_sd


# ---- the other two


def test_already_the_target(every: Explainer, world: World) -> None:
    question = Question(start(world, 1.0, 0.2), along_axes(world), target="a")
    answer = every.explain(question, world.renderer)
    assert answer.status is Status.ALREADY_TARGET
    assert (answer.moved, answer.moves, answer.distance_sd) == ((), (), 0)
    assert np.array_equal(answer.image, answer.original)
    assert answer.generator_calls == answer.classifier_calls == 1
    assert answer.margin_after == answer.margin_before > 0


def test_the_target_without_its_probability_is_not_there_yet(
    explainer: Explainer, world: World
) -> None:
    question = Question(
        start(world, 1.0, 0.2), along_axes(world), target="a", target_probability=0.95
    )
    answer = explainer.explain(question, world.renderer)
    assert answer.status is Status.FOUND
    assert answer.probability_after >= 0.95 > answer.probability_before


def test_out_of_reach_gives_the_best_attempt(explainer: Explainer, world: World) -> None:
    question = Question(start(world, 2.0, 0.0, -2.0), along_axes(world), target="c", max_alpha=0.5)
    answer = explainer.explain(question, world.renderer)
    assert answer.status is Status.NOT_FOUND
    assert "max_alpha" in answer.cause
    assert answer.margin_before < answer.margin_after < 0
    moved = {m.index: m.alpha for m in answer.moved}
    assert moved[0] == pytest.approx(-0.5)
    assert moved[2] == pytest.approx(0.5)
    assert max(abs(m.alpha) for m in answer.moved) <= 0.5


def test_findings_that_are_not_allowed_stay_where_they_are(
    explainer: Explainer, world: World
) -> None:
    recipe, digest = start(world, 1.0, 0.4), along_axes(world)
    only = explainer.explain(Question(recipe, digest, allowed=(1,)), world.renderer)
    assert [m.index for m in only.moved] == [1]
    none = explainer.explain(Question(recipe, digest, allowed=(5, 6)), world.renderer)
    assert none.status is Status.NOT_FOUND
    assert {m.index for m in none.moved} <= {5, 6}


def test_a_constant_classifier_is_given_up_quickly(careful: Explainer) -> None:
    world = linear_world(np.zeros((3, DIMENSION)), offsets=np.array([1.0, 0.0, 0.5]))
    answer = careful.explain(Question(start(world, 1.0), along_axes(world)), world.renderer)
    assert answer.status is Status.NOT_FOUND
    assert "does not respond" in answer.cause
    assert answer.moved == ()
    assert answer.generator_calls <= 1 + 6 * DIMENSION
    assert answer.margin_after == pytest.approx(-0.5)
    assert answer.target_class == "c"


@pytest.mark.parametrize("budget", [1, 2, 3, 10, 17, 33, 60])
def test_the_budget_is_kept(every: Explainer, world: World, budget: int) -> None:
    question = Question(start(world, 3.0, 0.0, -3.0), along_axes(world), target="c", budget=budget)
    answer = every.explain(question, world.renderer)
    assert answer.generator_calls <= budget
    assert answer.status is Status.FOUND or answer.margin_after >= answer.margin_before


@pytest.mark.parametrize("budget", [1, 2, 3, 10, 17, 33, 60])
def test_a_budget_that_is_too_small_is_the_cause(
    explainer: Explainer, world: World, budget: int
) -> None:
    question = Question(start(world, 3.0, 0.0, -3.0), along_axes(world), target="c", budget=budget)
    answer = explainer.explain(question, world.renderer)
    assert answer.status is Status.NOT_FOUND
    assert "budget" in answer.cause


def test_who_watches_sees_where_it_began_and_that_it_came_nearer(
    careful: Explainer, world: World
) -> None:
    told: list[Progress] = []
    question = Question(start(world, 2.0, 0.4), along_axes(world), target="c")
    answer = careful.explain(question, world.renderer, watch=told.append)
    assert told[0].images == 1 and told[0].margin == answer.margin_before
    margins = [each.margin for each in told]
    assert margins == sorted(margins) and told[-1].holds
    assert np.array_equal(told[0].image, answer.original)


@pytest.mark.parametrize("budget", range(30, 90, 7))
def test_a_flip_found_on_the_last_of_the_budget_is_still_an_answer(
    explainer: Explainer, world: World, budget: int
) -> None:
    question = Question(start(world, 1.0, 0.4), along_axes(world), budget=budget)
    answer = explainer.explain(question, world.renderer)
    assert answer.generator_calls <= budget
    assert (answer.status is Status.FOUND) == (answer.margin_after > 0)
    assert answer.status is Status.FOUND or "budget" in answer.cause


# ---- stopping


@pytest.mark.parametrize("after", [0, 1, 3])
def test_a_stop_is_let_through_and_harms_nothing(
    every: Explainer, world: World, after: int
) -> None:
    calls = []

    def stop() -> None:
        calls.append(1)
        if len(calls) > after:
            raise Cancelled("the client went away")

    renderer = world.renderer
    question = Question(start(world, 2.0, 0.4), along_axes(world), target="c")
    with pytest.raises(Cancelled, match="went away"):
        every.explain(question, renderer, stop=stop)
    assert len(calls) == after + 1
    assert every.explain(question, renderer).status is Status.FOUND


def test_stop_is_asked_at_least_every_few_images(every: Explainer, world: World) -> None:
    calls = []
    question = Question(start(world, 2.0, 0.4), along_axes(world), target="c")
    answer = every.explain(question, world.renderer, stop=lambda: calls.append(1))
    assert answer.generator_calls / len(calls) <= 16


# ---- the oracle


@pytest.mark.parametrize(("says", "agrees"), [("b", True), ("c", False)])
def test_the_oracle_is_asked_about_the_answer(
    every: Explainer, world: World, says: str, agrees: bool
) -> None:
    question = Question(start(world, 1.0, 0.4), along_axes(world), target="b")
    answer = every.explain(question, world.renderer, judge_that_says(says))
    assert answer.oracle_agrees is agrees
    assert every.explain(question, world.renderer).oracle_agrees is None


def test_an_oracle_of_other_classes_is_refused(every: Explainer, world: World) -> None:
    card = linear_predictor.card("small", IMAGE, "ab")
    arrays = {"B": np.zeros((2, 64), np.float32), "c": np.zeros(2, np.float32)}
    oracle = linear_predictor.build(card, arrays, CPU)
    with pytest.raises(PredictorMismatch, match="'c'"):
        every.explain(Question(start(world, 1.0), along_axes(world)), world.renderer, oracle)


# ---- what cannot be asked


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"target": "shoe"}, "target"),
        ({"allowed": (0, 99)}, "allowed"),
        ({"allowed": (-1,)}, "allowed"),
        ({"classifier": 1}, "classifier"),
    ],
)
def test_unknown_names_are_refused(
    every: Explainer, world: World, wrong: dict[str, object], field: str
) -> None:
    with pytest.raises(InvalidField) as caught:
        every.explain(Question(start(world, 1.0), along_axes(world), **wrong), world.renderer)
    assert caught.value.field == field


def test_regressors_cannot_flip(every: Explainer) -> None:
    world = linear_world(task="regressor")
    with pytest.raises(InvalidField, match="nothing can flip"):
        every.explain(Question(start(world, 1.0), along_axes(world)), world.renderer)


def test_what_planning_refuses_is_refused(every: Explainer, world: World) -> None:
    digest = along_axes(world)
    other = replace(start(world, 1.0), generator="another")
    with pytest.raises(FindingMismatch):
        every.explain(Question(other, digest), world.renderer)
    picture = replace(start(world, 1.0), source=ImageSource("0" * 64))
    with pytest.raises(InvalidField, match="invert"):
        every.explain(Question(picture, digest), world.renderer)


def test_there_is_no_way_back_to_a_space_before_the_latent(by_findings: Explainer) -> None:
    mapped = linear_world(w_dim=DIMENSION)
    generator = mapped.generator.card.digest
    late = Recipe(generator, LatentSource(Latent(Space.W, generator, np.zeros((1, DIMENSION)))))
    with pytest.raises(SpaceUnavailable):
        by_findings.explain(Question(late, along_axes(mapped)), mapped.renderer)


def test_findings_have_to_be_named_where_they_are_moved(
    by_findings: Explainer, world: World
) -> None:
    with pytest.raises(InvalidField, match="name a finding set") as caught:
        by_findings.explain(Question(start(world, 1.0), ""), world.renderer)
    assert caught.value.field == "finding_set"


def test_the_default_explainer(world: World) -> None:
    answer = explain(Question(start(world, 1.0, 0.4), along_axes(world)), world.renderer)
    assert answer.status is Status.FOUND
