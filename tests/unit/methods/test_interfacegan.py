"""InterFaceGAN on toys: known normals, conditions, refusals."""

from dataclasses import replace

import numpy as np
import pytest

from directrix import methods
from directrix.errors import ConditionsCollinear, InvalidField, NeedsUnmet, SpaceUnavailable
from directrix.methods.interfacegan import InterFaceGan, without_span
from directrix.population import deviation
from directrix.types import FindingRef, FindingSet, Move, Population, Recipe, SeedSource, Space
from tests.contract.toys import DIMENSION, World, linear_world, style_world


def fit(world: World, population: Population | None = None, **params: object) -> FindingSet:
    parts = {} if population is None else {"population": population}
    return InterFaceGan(methods.parse("interfacegan", params)).fit(world.problem(**parts))


def rows(findings: FindingSet) -> np.ndarray:
    return np.stack([f.vector for f in findings.findings]).astype(np.float64)


@pytest.mark.parametrize("learner", ["svm", "logistic"])
def test_normals_point_towards_more_of_their_scorer(learner: str) -> None:
    world = linear_world()
    findings = fit(world, world.population(3, 2000), learner=learner)
    assert findings.hints == ("a", "b", "c")
    assert np.einsum("kd,kd->k", rows(findings), world.readings).min() > 0.98


def test_chosen_scorers_in_the_chosen_order() -> None:
    whole, some = fit(linear_world()), fit(linear_world(), scorers=["c", "a"])
    assert some.hints == ("c", "a")
    assert np.array_equal(rows(some), rows(whole)[[2, 0]])


def test_unknown_scorers_are_refused_with_the_known_ones() -> None:
    for name in ("scorers", "conditions"):
        with pytest.raises(InvalidField, match="a, b, c") as caught:
            fit(linear_world(), **{name: ["z"]})
        assert caught.value.field == f"parameters.{name}"


def test_conditions_are_projected_out() -> None:
    chance = np.random.Generator(np.random.Philox(1))
    readings = chance.standard_normal((3, 8)) * 0.4
    readings[1] = 0.6 * readings[0] + 0.4 * readings[1]
    world = linear_world(readings)
    plain, held = fit(world), fit(world, scorers=["a"], conditions=["a", "b", "c"])
    normal = rows(held)[0]
    assert normal @ rows(plain)[1] == pytest.approx(0, abs=1e-6)
    assert normal @ rows(plain)[2] == pytest.approx(0, abs=1e-6)
    basis = rows(plain)[1:]
    rest = rows(plain)[0] - np.linalg.lstsq(basis.T, rows(plain)[0], rcond=None)[0] @ basis
    assert normal == pytest.approx(rest / np.linalg.norm(rest), abs=1e-5)


def test_inseparable_conditions_are_refused_with_the_residual_norm() -> None:
    world = linear_world()
    twins = linear_world(np.stack([world.axes[0], world.axes[0], world.axes[1]]))
    with pytest.raises(ConditionsCollinear, match=r"residual norm is 0\.0") as caught:
        fit(twins, scorers=["a"], conditions=["b"])
    assert caught.value.field == "parameters.conditions"
    assert caught.value.reason == "CONDITIONS_COLLINEAR"
    assert 0 <= float(caught.value.metadata["residual_norm"]) < 0.2


def test_conditions_that_are_one_another_are_held_once() -> None:
    """b and c read the same axis: together they hold what one of them holds."""
    axes = linear_world().axes
    mixed = 0.8 * axes[0] + 0.6 * axes[1]
    world = linear_world(np.stack([mixed, axes[1], axes[1]]))
    both = fit(world, scorers=["a"], conditions=["b", "c"])
    one = fit(world, scorers=["a"], conditions=["b"])
    assert rows(both)[0] == pytest.approx(rows(one)[0], abs=1e-5)
    assert rows(both)[0] @ rows(fit(world))[1] == pytest.approx(0, abs=1e-6)


def test_the_hint_tells_the_residual_norm() -> None:
    axes = linear_world().axes
    world = linear_world(np.stack([0.8 * axes[0] + 0.6 * axes[1], axes[1], axes[2]]))
    plain = rows(fit(world))
    (hint,) = fit(world, scorers=["a"], conditions=["b", "c"]).hints
    basis = np.linalg.qr(plain[1:].T)[0]
    length = np.linalg.norm(plain[0] - basis @ (basis.T @ plain[0]))
    assert hint == f"a without b, c: residual norm {length:.2f}"
    assert 0.7 < length < 0.9


def test_what_is_left_without_dependent_rows() -> None:
    """Two rows half a degree apart hold their common direction, not their difference."""
    normal = np.array([0.6, 0.0, 0.8])
    near = np.array([[1.0, 0.004, 0], [1.0, -0.004, 0]])
    assert without_span(normal, near) == pytest.approx([0, 0, 0.8], abs=1e-9)
    sloped = without_span(np.array([0.6, 0.8, 0.0]), near)
    assert sloped == pytest.approx([0, 0.8, 0], abs=1e-9)
    apart = np.array([[1.0, 0, 0], [0.96, 0.28, 0]])
    assert without_span(np.array([0.6, 0.8, 0.0]), apart) == pytest.approx([0, 0, 0], abs=1e-9)


def test_a_condition_that_is_constant_holds_nothing() -> None:
    world = linear_world(np.concatenate([linear_world().axes[:1], np.zeros((1, 8))]))
    findings = fit(world, conditions=["b"])
    assert findings.hints == ("a",)
    assert np.array_equal(rows(findings), rows(fit(world)))


def test_constant_scorers_are_left_out_and_nothing_left_is_refused() -> None:
    world = linear_world(np.concatenate([linear_world().axes[:1], np.zeros((1, 8))]))
    assert fit(world).hints == ("a",)
    with pytest.raises(NeedsUnmet, match="constant"):
        fit(world, scorers=["b"])


def test_a_small_population_is_refused() -> None:
    world = linear_world()
    with pytest.raises(NeedsUnmet, match="fewer than 2"):
        fit(world, world.population(3, 12), fraction=0.1)


def test_a_population_without_the_predictor_is_refused() -> None:
    world = linear_world()
    bare = replace(world.scored, scores={})
    with pytest.raises(NeedsUnmet, match="judge"):
        fit(world, bare)


def test_latents_follow_the_population_start() -> None:
    """Latents and scores of a population that does not start at 0 belong together."""
    world = linear_world()
    whole = world.population(3, 1400)
    digest = world.predictor.card.digest
    half = Population(whole.spec, 200, 1200, {digest: whole.scores[digest][200:]})
    found = rows(fit(world, half))
    assert np.einsum("kd,kd->k", found, world.readings).min() > 0.95


def test_several_shards_are_gathered() -> None:
    world = linear_world()
    findings = fit(world, world.population(5, 2500), fraction=0.02)
    assert np.einsum("kd,kd->k", rows(findings), world.readings).min() > 0.95


def test_auto_is_w_where_there_is_one() -> None:
    world = linear_world(np.eye(DIMENSION)[:2], w_dim=DIMENSION)
    findings = fit(world)
    assert {f.space for f in findings.findings} == {Space.W}
    assert np.abs(rows(findings)).argmax(1).tolist() == [0, 1]
    assert fit(world, space="z").findings[0].space is Space.Z
    with pytest.raises(SpaceUnavailable):
        fit(linear_world(), space="w")


def test_progress_tells_the_accuracy_on_what_was_kept_out() -> None:
    notes = []
    problem = linear_world().problem(
        progress=lambda done, total, note="": notes.append((done, total, note))
    )
    InterFaceGan().fit(problem)
    assert [(d, t) for d, t, _ in notes] == [(1, 3), (2, 3), (3, 3)]
    assert notes[0][2].startswith("a: ")
    assert float(notes[0][2].split()[1].rstrip("%")) > 80


@pytest.mark.parametrize("layers", [[], [1, 3]])
def test_in_w_plus_the_normal_of_w_moves_the_chosen_layers(layers: list[int]) -> None:
    world = style_world()
    plain, layered = fit(world, layers=layers), fit(world, space="w+", layers=layers)
    count = world.generator.num_layers(Space.W_PLUS)
    moved = layers or list(range(count))
    for flat, deep in zip(plain.findings, layered.findings, strict=True):
        assert (flat.space, deep.space) == (Space.W, Space.W_PLUS)
        assert flat.layers == deep.layers == tuple(layers)
        wanted = np.zeros((count, DIMENSION))
        wanted[moved] = flat.vector / np.sqrt(len(moved))
        assert deep.vector == pytest.approx(wanted, abs=1e-6)
        assert deep.scale == pytest.approx(flat.scale * np.sqrt(len(moved)), rel=1e-5)
    vectors = np.stack([f.vector for f in layered.findings])
    assert deviation(world.generator, Space.W_PLUS, vectors) == pytest.approx(
        [f.scale for f in layered.findings], rel=1e-5
    )


@pytest.mark.parametrize("layers", [[], [0, 2]])
def test_in_w_plus_it_draws_what_it_draws_in_w(layers: list[int]) -> None:
    world = style_world()
    images = []
    for space in ("w", "w+"):
        digest = world.keep(fit(world, space=space, layers=layers, scorers=["b"]))
        renderer = world.renderer
        move = Move(FindingRef(digest, 0), 2.0)
        recipe = Recipe(world.generator.card.digest, SeedSource(8), moves=(move,))
        images.append(renderer.render([renderer.plan(recipe)]).images.astype(int))
    assert np.abs(images[0] - images[1]).max() <= 1


def test_layers_that_are_not_there_are_refused() -> None:
    with pytest.raises(InvalidField, match="layers 0 to 3") as caught:
        fit(style_world(), layers=[4])
    assert caught.value.field == "parameters.layers"
    with pytest.raises(SpaceUnavailable, match="not in z"):
        fit(style_world(), space="z", layers=[0])
    with pytest.raises(SpaceUnavailable):
        fit(linear_world(), space="w+")


@pytest.mark.parametrize("space", ["z", "w", "w+"])
@pytest.mark.parametrize("learner", ["svm", "logistic"])
def test_in_every_space_the_scores_rise_along_it(space: str, learner: str) -> None:
    world = style_world()
    found = fit(world, world.population(3, 1000), space=space, learner=learner, scorers=["a"])
    digest, renderer = world.keep(found), world.renderer
    rendered = [
        renderer.render(
            [
                renderer.plan(
                    Recipe(
                        world.generator.card.digest,
                        SeedSource(99, i),
                        moves=(Move(FindingRef(digest, 0), alpha),),
                    )
                )
                for i in range(16)
            ]
        ).scores[:, 0]
        for alpha in (-2.0, 2.0)
    ]
    spread = world.scored.scores[world.predictor.card.digest][:, 0].std()
    assert (rendered[1] - rendered[0]).mean() > spread
