"""What a judge cannot read counts for nothing: a judge whose last scorer says what it can read."""

import numpy as np
import pytest

from directrix.scorecard import NONE, MatchedPlan, ScorecardPlan, make_scorecard
from directrix.scorecard.readings import Readings
from directrix.types import (
    Direction,
    FindingSet,
    PredictorCard,
    Provenance,
    Scorecard,
    ScoreKind,
    Space,
)
from tests.contract.toys import World, linear_world

OFFSET = 1.5
"""The judge reads what lies above -OFFSET along axis 3: 93 % of the population."""

SETTINGS = {"samples": 64, "alphas": (-1.6, -0.8, 0.0, 0.8, 1.6), "random_findings": 100}


@pytest.fixture(scope="module")
def world() -> World:
    axes = linear_world().axes[:4]
    return linear_world(axes, offsets=np.array([0, 0, 0, OFFSET]))


@pytest.fixture(scope="module")
def judge(world: World) -> PredictorCard:
    *others, last = world.predictor.card.scorers
    trust = last.model_copy(update={"kind": ScoreKind.TRUST})
    return world.predictor.card.model_copy(update={"scorers": (*others, trust)})


@pytest.fixture(scope="module")
def plan(world: World, judge: PredictorCard) -> ScorecardPlan:
    """Axis 0; axis 3 with a little of axis 1, which makes half of the pictures unreadable."""
    mixed = 0.3 * world.axes[1] + np.sqrt(1 - 0.3**2) * world.axes[3]
    return along(world, judge, Direction(Space.Z, world.axes[0], 1.0),
                 Direction(Space.Z, mixed, 1.0))  # fmt: skip


def along(world: World, judge: PredictorCard, *findings: Direction) -> ScorecardPlan:
    provenance = Provenance(method="hand", version="1", generator=world.generator.card.digest)
    found = FindingSet(findings, provenance)
    return ScorecardPlan(found, world.generator.card, (judge,), 3, **SETTINGS)


@pytest.fixture(scope="module")
def card(world: World, plan: ScorecardPlan) -> Scorecard:
    return make_scorecard(plan, world.generator, [world.predictor])


def test_what_tells_trust_is_no_column_and_no_target(card: Scorecard) -> None:
    assert [ref.scorer for ref in card.scorers] == ["a", "b", "c"]
    assert all(len(found.effects_sd) == 3 for found in card.findings)
    assert [found.target for found in card.findings] == ["a", NONE]
    assert card.findings[1].effects_sd[1] == pytest.approx(0.96, abs=0.1)


def test_the_share_that_can_be_read_is_told(card: Scorecard) -> None:
    still, mixed = (found.readable for found in card.findings)
    assert still == pytest.approx(0.93, abs=0.06)
    assert mixed == pytest.approx(0.5, abs=0.15)  # above -OFFSET at the low end too


def test_no_name_where_fewer_than_half_can_be_read(world: World, judge: PredictorCard) -> None:
    """Axis 0 with as much of axis 3: the score rises by 2, and most pictures are out of reach."""
    mixed = np.sqrt(0.2) * world.axes[0] + np.sqrt(0.8) * world.axes[3]
    plan = along(world, judge, Direction(Space.Z, mixed, 2.0))
    (found,) = make_scorecard(plan, world.generator, [world.predictor]).findings
    assert 0 < found.readable < 0.5
    assert found.effect_sd > 2 and found.target == NONE


def test_nothing_is_said_of_a_finding_that_leaves_nothing_readable(
    world: World, judge: PredictorCard
) -> None:
    plan = along(world, judge, Direction(Space.Z, world.axes[3], 10.0))
    (found,) = make_scorecard(plan, world.generator, [world.predictor]).findings
    assert found.readable == 0 and found.target == NONE
    assert found.effects_sd == (0, 0, 0)
    assert found.matched[0].alpha is None and found.safe == (0, 0)


def test_numbers_read_off_unreadable_pictures_change_nothing(
    world: World, plan: ScorecardPlan, judge: PredictorCard
) -> None:
    """Whatever stands in the rows that are not to be trusted, the card is the same to the byte."""
    clean = _first_pass(world, plan)
    spoilt = [rows.copy() for rows in clean]
    for rows in spoilt:
        rows[~Readings([judge]).readable(rows), :3] = 1e6
    cards = [MatchedPlan(plan, rows[0], rows[1:]).card for rows in (clean, spoilt)]
    assert cards[0].model_dump_json() == cards[1].model_dump_json()
    assert any((rows != before).any() for rows, before in zip(spoilt, clean, strict=True))


def test_matched_changes_are_of_latents_that_can_be_read(
    world: World, plan: ScorecardPlan, judge: PredictorCard
) -> None:
    deviation, *shards = _first_pass(world, plan)
    matched = MatchedPlan(plan, deviation, shards)
    pool = deviation[matched.pool.start : matched.pool.stop]
    assert not Readings([judge]).readable(pool).all()
    assert Readings([judge]).readable(pool[matched.room(0)]).all()


def test_without_such_a_scorer_all_counts(world: World) -> None:
    readings = Readings([world.predictor.card])
    rows = np.full((5, 4), -1.0)
    assert readings.labels == ("a", "b", "c", "d")
    assert readings.readable(rows).all()
    assert readings.scores(rows) is not rows and (readings.scores(rows) == rows).all()


def _first_pass(world: World, plan: ScorecardPlan) -> list[np.ndarray]:
    """The scores of the deviation shard, then of every shard of curves."""
    world.keep(plan.findings)
    world.keep(plan.random_set())
    renderer, spec = world.renderer, plan.deviation_spec
    latents = renderer.sample(spec.seed, 0, 1024, world.generator.spaces[-1], spec.truncation)
    shards = [
        renderer.render([renderer.plan(recipe) for recipe in plan.recipes(shard)]).scores
        for shard in range(plan.shards)
    ]
    return [renderer.score(latents), *shards]
