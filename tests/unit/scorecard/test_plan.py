"""Scorecards on a linear toy, where every effect is known by hand."""

from dataclasses import replace

import numpy as np
import pytest

from directrix.archive import finding_set_digest, pack_finding_set, unpack_finding_set
from directrix.errors import FindingMismatch, InvalidField, NeedsUnmet
from directrix.population import latents
from directrix.scorecard import NONE, ScorecardPlan, held_out_seed
from directrix.types import (
    SHARD,
    Direction,
    Field,
    FieldForm,
    Finding,
    FindingSet,
    Intervention,
    Operation,
    Provenance,
    Scorecard,
    SeedSource,
    Space,
    Subspace,
    Units,
)
from tests.contract.toys import DIMENSION, World, linear_world

QUICK = {"samples": 24, "alphas": (-1.0, -0.5, 0.0, 0.5, 1.0)}
"""Small steps: farther out the toy's pixels are clamped and scores stop being linear."""


def made(world: World, *findings: Finding) -> FindingSet:
    provenance = Provenance(method="hand", version="1", generator=world.generator.card.digest)
    return FindingSet(findings, provenance)


def plan(world: World, findings: FindingSet, **settings: object) -> ScorecardPlan:
    cards = (world.predictor.card,)
    return ScorecardPlan(findings, world.generator.card, cards, 3, **(QUICK | settings))


def scored(world: World, plan: ScorecardPlan) -> Scorecard:
    """Does what a worker does."""
    world.keep(plan.findings)
    world.keep(plan.random_set())
    renderer, spec = world.renderer, plan.deviation_spec
    first = world.generator.spaces[-1]
    spread = renderer.score(renderer.sample(spec.seed, 0, SHARD, first, spec.truncation))
    shards = [
        renderer.render([renderer.plan(recipe) for recipe in plan.recipes(shard)]).scores
        for shard in range(plan.shards)
    ]
    return plan.measure(spread, shards)


@pytest.fixture(scope="module")
def world() -> World:
    return linear_world()


@pytest.fixture(scope="module")
def card(world: World) -> Scorecard:
    """Axis 0, axis 1 the wrong way round, some of axis 2 with axis 4, axis 5 that nobody reads."""
    mixed = 0.4 * world.axes[2] + np.sqrt(1 - 0.4**2) * world.axes[4]
    vectors = [world.axes[0], -world.axes[1], mixed, world.axes[5]]
    findings = made(world, *(Direction(Space.Z, v, 1.0) for v in vectors))
    return scored(world, plan(world, findings))


def test_targets_signs_and_effects(card: Scorecard) -> None:
    """A scorer reads u . axis with SD 1, so 2 SD of the axis are 2 SD of the score."""
    assert [f.target for f in card.findings] == ["a", "b", NONE, NONE]
    assert [f.sign for f in card.findings[:3]] == [1, -1, 1]
    effects = [f.effect_sd for f in card.findings]
    assert effects == pytest.approx([2, 2, 0.8, 0], abs=0.1)
    assert effects[2] < card.random_floor_sd < effects[1]


def test_effects_are_told_along_the_sign(card: Scorecard) -> None:
    for finding in card.findings:
        assert max(finding.effects_sd, key=abs) == finding.effect_sd > 0
        assert finding.side_effect_sd == sorted(map(abs, finding.effects_sd))[-2]
    assert card.findings[1].effects_sd[1] == pytest.approx(2, abs=0.1)
    assert card.findings[1].side_effect_sd < 0.2


def test_curves_run_over_alphas_as_they_are(card: Scorecard) -> None:
    falling = np.array(card.findings[1].curve_sd)
    assert falling.shape == (5, 3)
    assert falling[:, 1] == pytest.approx([1, 0.5, 0, -0.5, -1], abs=0.05)
    assert falling[2].tolist() == [0, 0, 0]


def test_monotonicity_and_interval(card: Scorecard) -> None:
    assert [f.monotonicity for f in card.findings[:3]] == [1, 1, 1]
    for finding in card.findings:
        low, high = finding.interval_sd
        assert low <= finding.effect_sd <= high
        assert 0 < high - low < 0.25


def test_the_card_says_what_it_was_measured_with(world: World, card: Scorecard) -> None:
    assert card.generator == world.generator.card.digest
    assert [(s.predictor, s.scorer) for s in card.scorers] == [
        (world.predictor.card.digest, name) for name in "abc"
    ]
    assert [s.deviation for s in card.scorers] == pytest.approx([1, 1, 1], abs=0.1)
    assert card.seed == held_out_seed(3)
    assert (card.samples, card.random_findings) == (24, 100)
    assert card.alphas == (-1, -0.5, 0, 0.5, 1)


def test_measuring_repeats_to_the_byte(world: World, card: Scorecard) -> None:
    findings = made(world, Direction(Space.Z, world.axes[0], 1.0))
    first, second = (scored(world, plan(world, findings)) for _ in range(2))
    assert first.model_dump_json() == second.model_dump_json()
    assert first.finding_set == finding_set_digest(findings)


def test_all_five_kinds_are_measured_in_their_own_unit(world: World) -> None:
    axis = world.axes[0]
    step = Intervention(Space.Z, np.arange(DIMENSION), axis, Operation.ADD)
    kinds = [
        Direction(Space.Z, axis, 1.0),
        Subspace(Space.Z, world.axes[:2], np.array([1.0, 1.0])),
        Field(
            Space.Z,
            FieldForm.MLP,
            {"w1": axis[None], "b1": np.array([100.0]), "w2": np.array([1.0])},
            1.0,
        ),
        step,
        replace(step, values=axis, operation=Operation.SET),
        Units("plane", np.array([0]), np.array([1.0])),
    ]
    card = scored(world, plan(world, made(world, *kinds)))
    effects = [f.effects_sd[0] for f in card.findings]
    assert effects[:4] == pytest.approx([2] * 4, abs=0.1)
    # u + t (axis - u), t = -1 to 1: the score moves by 2 (1 - mean of the samples' scores)
    mean = (latents(held_out_seed(3), 0, 24, DIMENSION) @ axis).mean()
    assert effects[4] == pytest.approx(2 * (1 - mean), abs=0.3)
    # the only channel at t = 1 is 1 everywhere, at t = -1 it is 2 x - 1: white against contrast
    assert np.isfinite(effects[5])
    curve = np.array(card.findings[5].curve_sd)
    assert curve[2].tolist() == [0, 0, 0]
    assert np.abs(curve[4]).max() > 0


def test_set_interventions_reach_their_value_at_the_end_of_the_grid(world: World) -> None:
    setting = Intervention(Space.Z, np.array([0]), np.array([2.0]), Operation.SET)
    grid = (-3.0, -1.5, 0.0, 1.5, 3.0)
    recipes = plan(world, made(world, setting), alphas=grid).recipes(1)
    assert sorted({m.alpha for r in recipes for m in r.moves}) == [-1, -0.5, 0.5, 1]


def test_subspaces_move_along_their_first_row(world: World) -> None:
    subspace = Subspace(Space.Z, world.axes[:3], np.ones(3))
    (move,) = plan(world, made(world, subspace)).recipes(1)[0].moves
    assert (move.alpha, move.coefficients) == (-1, (1, 0, 0))


def test_recipes_use_held_out_latents_and_name_sets_by_digest(world: World) -> None:
    findings = made(world, Direction(Space.Z, world.axes[0], 1.0))
    made_plan = plan(world, findings)
    assert (made_plan.random_count, made_plan.shards) == (25, 7)
    sizes = [len(made_plan.recipes(s)) for s in range(made_plan.shards)]
    assert sizes == [24, 24 * 4, *[5 * 16 * 2] * 5]
    held = made_plan.recipes(0)
    assert [r.source for r in held] == [SeedSource(held_out_seed(3), i) for i in range(24)]
    assert all(r.moves == () and r.truncation == 1 for r in held)
    own, random = finding_set_digest(findings), finding_set_digest(made_plan.random_set())
    assert made_plan.recipes(1)[0].finding_sets() == {own}
    assert made_plan.recipes(2)[0].finding_sets() == {random}
    assert made_plan.recipes(6)[-1].moves[0].finding.index == 24
    with pytest.raises(InvalidField):
        made_plan.recipes(7)


def test_every_random_finding_is_tried_on_latents_of_its_own(world: World) -> None:
    direction = Direction(Space.Z, world.axes[0], 1.0)
    large = plan(world, made(world, direction), samples=128)
    assert [len(large.recipes(s)) for s in range(3)] == [128, 128 * 4, 5 * 16 * 2]
    last = large.recipes(5)[-32:]
    assert [(r.source.index, r.moves[0].alpha) for r in last] == [
        *((index, -1) for index in range(48, 64)),
        *((index, 1) for index in range(48, 64)),
    ]
    few = plan(world, made(world, direction), samples=5)
    assert [r.source.index for r in few.recipes(2)[:10]] == [0, 1, 2, 3, 4] * 2


def test_there_are_as_many_random_findings_like_each_finding(world: World) -> None:
    directions = [Direction(Space.Z, axis, 1.0) for axis in np.tile(world.axes, (8, 1))]
    counts = [plan(world, made(world, *directions[:n])).random_count for n in (1, 10, 50, 64)]
    assert counts == [25, 250, 1000, 64 * 15]


def test_the_random_set_is_an_artifact_that_repeats(world: World) -> None:
    findings = made(world, Direction(Space.Z, world.axes[0], 1.0))
    first, second = (plan(world, findings).random_set() for _ in range(2))
    assert finding_set_digest(first) == finding_set_digest(second)
    manifest, tensors = pack_finding_set(first)
    assert len(unpack_finding_set(manifest, tensors)) == 25
    assert first.provenance.method == "random"


def test_held_out_seeds_are_never_seeds_that_jobs_use() -> None:
    seeds = [held_out_seed(seed) for seed in range(1000)]
    assert len(set(seeds)) == 1000
    assert all(2**62 <= seed < 2**63 for seed in seeds)
    SeedSource(held_out_seed(2**63 - 1))


def test_a_constant_scorer_has_no_effect() -> None:
    world = linear_world(np.concatenate([linear_world().axes[:1], np.zeros((1, DIMENSION))]))
    card = scored(world, plan(world, made(world, Direction(Space.Z, world.axes[0], 1.0))))
    assert card.findings[0].effects_sd[1] == 0
    assert card.scorers[1].deviation == 0


def test_one_scorer_has_no_side_effect() -> None:
    world = linear_world(linear_world().axes[:1], task="regressor")
    card = scored(world, plan(world, made(world, Direction(Space.Z, world.axes[0], 1.0))))
    assert card.findings[0].side_effect_sd == 0
    assert card.findings[0].target == "a"


@pytest.mark.parametrize(
    "settings",
    [
        {"alphas": (0.0, 1.0)},
        {"alphas": (-1.0, 1.0)},
        {"alphas": (-1.0, 0.0, 2.0)},
        {"alphas": (3.0, 0.0, -3.0)},
        {"samples": 1},
        {"random_findings": 0},
    ],
)
def test_settings_out_of_bounds_are_refused(world: World, settings: dict[str, object]) -> None:
    with pytest.raises(InvalidField):
        plan(world, made(world, Direction(Space.Z, world.axes[0], 1.0)), **settings)


def test_what_cannot_be_measured_is_refused(world: World) -> None:
    findings = made(world, Direction(Space.Z, world.axes[0], 1.0))
    with pytest.raises(NeedsUnmet):
        ScorecardPlan(findings, world.generator.card, (), 3)
    with pytest.raises(NeedsUnmet):
        plan(world, made(world))
    other = replace(findings, provenance=findings.provenance.model_copy(update={"generator": "x"}))
    with pytest.raises(FindingMismatch):
        plan(world, other)
    with pytest.raises(InvalidField, match="shapes"):
        plan(world, findings).measure(np.zeros((SHARD, 3)), [np.zeros((24, 3))])
