"""Findings at matched change on a linear toy, where every figure is known by hand."""

import numpy as np
import pytest

from directrix.errors import FindingUncalibrated, InvalidField
from directrix.metrics import frechet_distance
from directrix.scorecard import MatchedPlan, ScorecardPlan, make_scorecard
from directrix.types import (
    Direction,
    Finding,
    FindingSet,
    Intervention,
    Operation,
    PredictorCard,
    Provenance,
    Scorecard,
    Space,
    Units,
)
from tests.contract.toys import DIMENSION, World, linear_world

SETTINGS = {"samples": 32, "alphas": (-1.6, -0.8, 0.0, 0.8, 1.6), "random_findings": 100}


def made(world: World, *findings: Finding, predictors: tuple[str, ...] = ()) -> FindingSet:
    digest = world.generator.card.digest
    return FindingSet(
        findings, Provenance(method="hand", version="1", generator=digest, predictors=predictors)
    )


def plan(
    world: World, findings: FindingSet, cards: tuple[PredictorCard, ...] = (), **settings: object
) -> ScorecardPlan:
    cards = cards or (world.predictor.card,)
    return ScorecardPlan(findings, world.generator.card, cards, 3, **(SETTINGS | settings))


def scored(world: World, *findings: Finding) -> Scorecard:
    return make_scorecard(plan(world, made(world, *findings)), world.generator, [world.predictor])


@pytest.fixture(scope="module")
def world() -> World:
    return linear_world()


@pytest.fixture(scope="module")
def card(world: World) -> Scorecard:
    """Axis 0; 0.6 of axis 0 with 0.8 of axis 1, the wrong way round; axis 5 that nobody reads."""
    mixed = 0.6 * world.axes[0] + 0.8 * world.axes[1]
    vectors = [world.axes[0], -mixed, world.axes[5]]
    return scored(world, *(Direction(Space.Z, v, 1.0) for v in vectors))


def test_strength_is_what_brings_the_target_there(card: Scorecard) -> None:
    """A scorer reads u . axis: 1 SD of it takes 1 along axis 0, 1 / 0.8 along the mixture."""
    first, second = (card.findings[i].at(1.0) for i in (0, 1))
    assert first.alpha == pytest.approx(1, abs=0.1)
    assert second.alpha == pytest.approx(-1.25, abs=0.1)
    for at, found in ((first, card.findings[0]), (second, card.findings[1])):
        assert at.effects_sd[found.column] == pytest.approx(1, abs=0.05)
        assert at.reached > 0.9


def test_what_else_changes_is_told_at_that_strength(card: Scorecard) -> None:
    """1.25 along the mixture moves scorer a by 0.75: mean over a and c, and maximum."""
    clean, mixed = (card.findings[i].at(1.0) for i in (0, 1))
    assert clean.dependency_max_sd < 0.1
    assert mixed.dependency_mean_sd == pytest.approx(0.375, abs=0.03)
    assert mixed.dependency_max_sd == pytest.approx(0.75, abs=0.05)
    low, high = mixed.dependency_mean_interval_sd
    assert low < mixed.dependency_mean_sd < high
    assert mixed.effects_sd == pytest.approx([0.75, 1, 0], abs=0.06)


def test_what_is_not_reached_is_told_as_such(card: Scorecard) -> None:
    far, never = card.findings[1].at(2.0), card.findings[2].at(1.0)
    for at in (far, never):
        assert at.alpha is None and at.effects_sd == () and at.frechet is None
    assert never.reached == 0 and never.dependency_mean_sd is None


def test_density_and_length_of_the_prior(card: Scorecard) -> None:
    """E[log p(u + a v) - log p(u)] = -a E[u . v] - a^2 / 2, over the half with the lowest u . v:
    they lie 0.8 SD below the middle."""
    at = card.findings[0].at(1.0)
    lowest = np.sqrt(2 / np.pi)
    assert at.log_density == pytest.approx(at.alpha * lowest - at.alpha**2 / 2, abs=0.25)
    assert 0.9 < at.norm_ratio < 1.1


def test_features_move_by_what_scores_move(world: World, card: Scorecard) -> None:
    """A linear predictor has no layer before its scores: a shift by m counts |m|^2."""
    at, spread = card.findings[1].at(1.0), [ref.deviation for ref in card.scorers]
    shift = np.square(np.array(at.effects_sd) * spread).sum()
    assert at.frechet == pytest.approx(shift, abs=0.1)
    assert card.features == world.predictor.card.digest
    assert (card.embedder, card.strangers) == ("", None)
    assert 0 < at.area < 1


def test_calibration_is_over_latents_that_have_room() -> None:
    """A score that saturates: a mean over all latents would never rise by 1 SD."""
    world = linear_world()
    first = plan(world, made(world, Direction(Space.Z, world.axes[0], 1.0)))
    held = np.tile([[1.0, 0, 0], [-1.0, 0.1, 0]], (16, 1))
    steps = [np.where(held[:, 0] > 0, min(1, 1 + a), max(-1, -1 + a)) for a in (-1.6, -0.8)]
    steps += [np.where(held[:, 0] > 0, 1, -1 + a) for a in (0.8, 1.6)]
    curve = np.tile(held, (4, 1))
    curve[:, 0] = np.concatenate(steps)
    rest = [np.zeros((len(first.recipes(s)), 3)) for s in range(2, first.shards)]
    deviation = np.tile(held, (32, 1))
    card = MatchedPlan(first, deviation, [held, curve, *rest]).card
    assert [row[0] for row in card.findings[0].curve_sd] == pytest.approx([-0.8, -0.4, 0, 0.4, 0.8])
    assert card.findings[0].calibration_sd == pytest.approx([-1.6, -0.8, 0, 0.8, 1.6])
    assert card.findings[0].strength(card.alphas, 1.0) == pytest.approx(1)


def test_linear_steady_and_safe(card: Scorecard) -> None:
    first, mixed, nothing = card.findings
    assert first.linearity > 0.98 and mixed.linearity > 0.98
    assert first.safe == mixed.safe == (-1.6, 1.6)
    assert nothing.linearity < first.linearity


def test_a_clean_finding_that_leaves_the_population_is_not_safe_there(world: World) -> None:
    """6 SD along one axis: no latent of the population is so long."""
    far = plan(
        world, made(world, Direction(Space.Z, world.axes[0], 1.0)), alphas=(-6.0, -1.0, 0, 1.0, 6.0)
    )
    card = make_scorecard(far, world.generator, [world.predictor])
    assert card.findings[0].safe == (-1, 1)


def test_strengths_for_changes(world: World) -> None:
    findings = [Direction(Space.Z, v, 1.0) for v in (-world.axes[0], world.axes[5])]
    named = plan(world, made(world, *findings), random_findings=None)
    card = make_scorecard(named, world.generator, [world.predictor])
    assert card.strength(0, 1.0) == card.findings[0].at(1.0).alpha == pytest.approx(-1, abs=0.1)
    assert card.strength(0, -0.5) == pytest.approx(0.5, abs=0.05)
    assert card.strength(0, 0.0) == 0
    with pytest.raises(FindingUncalibrated, match=r"calibrated for changes of a by -1.* to 1"):
        card.strength(0, 3.0)
    with pytest.raises(FindingUncalibrated, match="no score"):
        card.strength(1, 0.5)
    with pytest.raises(FindingUncalibrated):
        card.strength(9, 0.5)


def test_strengths_are_in_a_moves_own_unit(world: World) -> None:
    """Setting a coordinate to its value is whole at alpha = 1, at the end of the grid."""
    setting = Intervention(Space.Z, np.arange(DIMENSION), 2 * world.axes[0], Operation.SET)
    card = scored(world, setting, Units("plane", np.array([0]), np.array([1.0])))
    found, units = card.findings
    assert found.unit == units.unit == 1 / 1.6
    assert 0 < found.at(1.0).alpha < 1
    assert units.at(1.0).log_density is None and units.at(1.0).norm_ratio is None


def test_shards_hold_other_latents_than_the_curves(world: World) -> None:
    first = plan(world, made(world, Direction(Space.Z, world.axes[0], 1.0)))
    scores = [np.zeros((len(first.recipes(s)), 3)) for s in range(first.shards)]
    curve = np.repeat([-1.6, -0.8, 0.8, 1.6], 32)
    scores[1][:, 0] = curve
    deviation = np.tile([[1.0, 1, 1], [-1, -1, -1]], (512, 1))
    matched = MatchedPlan(first, deviation, scores)
    assert matched.shards == 2
    assert [r.source.index for r in matched.recipes(0)] == list(range(32, 64))
    lowest = [r.source.index for r in matched.recipes(1)]
    assert lowest == list(range(33, 64, 2))  # those at -1: what lacks the target
    (alpha,) = {r.moves[0].alpha for r in matched.recipes(1)}
    assert alpha == pytest.approx(1)
    assert len(lowest) == 16  # 2 SD lie beyond the grid
    with pytest.raises(InvalidField):
        matched.recipes(2)
    with pytest.raises(InvalidField):
        matched.measure([])


def test_a_judge_that_the_method_saw_is_not_independent(world: World) -> None:
    direction = Direction(Space.Z, world.axes[0], 1.0)
    seen = made(world, direction, predictors=(world.predictor.card.digest,))
    other = made(world, direction, predictors=("0" * 64,))
    assert plan(world, seen).seen_by_the_method
    assert not plan(world, other).seen_by_the_method


def test_embedders_tell_identities_and_name_nothing() -> None:
    world = linear_world()
    embedder = linear_world(task="embedder").predictor
    direction = Direction(Space.Z, world.axes[0], 1.0)
    both = plan(world, made(world, direction), (world.predictor.card, embedder.card))
    card = make_scorecard(both, world.generator, [world.predictor, embedder])
    assert len(card.scorers) == 3 and card.embedder == card.features == embedder.card.digest
    at = card.findings[0].at(1.0)
    assert 0 < at.identity < 1
    assert abs(card.strangers) < at.identity


def test_making_a_card_repeats_to_the_byte(world: World) -> None:
    direction = Direction(Space.Z, world.axes[0], 1.0)
    first, second = (scored(world, direction).model_dump_json() for _ in range(2))
    assert first == second


def test_frechet_of_few_rows_is_that_of_their_covariances() -> None:
    rows = np.random.default_rng(3).standard_normal((2, 12, 40)) * np.linspace(0.1, 2, 40)
    padded = [np.concatenate([r, np.zeros((12, 0))], 1) for r in rows]
    covariances = [np.cov(r, rowvar=False) for r in padded]
    values = np.linalg.eigvals(covariances[0] @ covariances[1])
    expected = np.square(rows[0].mean(0) - rows[1].mean(0)).sum()
    expected += sum(np.trace(c) for c in covariances)
    expected -= 2 * np.sqrt(np.clip(values.real, 0, None)).sum()
    assert frechet_distance(*rows) == pytest.approx(expected, rel=1e-4)
