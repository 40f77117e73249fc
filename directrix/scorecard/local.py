"""A scorecard made in this process: what a worker does with replicas, with one renderer."""

from collections.abc import Mapping, Sequence

import numpy as np

from directrix.archive import finding_set_digest
from directrix.generators import Generator
from directrix.predictors import Predictor
from directrix.rendering import Renderer
from directrix.rendering.renderer import Rendered
from directrix.scorecard.matched import MatchedPlan
from directrix.scorecard.plan import EMBEDDER, ScorecardPlan
from directrix.scorecard.witness import Witness
from directrix.types import SHARD, FindingSet, Recipe, Scorecard

PASS = 256
"""Pictures that are held at once."""


def make_scorecard(
    plan: ScorecardPlan,
    generator: Generator,
    judges: Sequence[Predictor],
    deviation: np.ndarray | None = None,
) -> Scorecard:
    """judges: the plan's predictors, in its order. Raises what rendering raises.

    deviation: scores [1024, K] of the plan's deviation shard, where they are at hand.
    """
    return look(follow(plan, generator, judges, deviation), generator, judges)


def follow(
    plan: ScorecardPlan,
    generator: Generator,
    judges: Sequence[Predictor],
    deviation: np.ndarray | None = None,
) -> MatchedPlan:
    """The first pass: every finding along its strength."""
    renderer = _renderer(plan, generator, judges)
    if deviation is None:
        spec, space = plan.deviation_spec, generator.truncation_space
        deviation = renderer.score(renderer.sample(spec.seed, 0, SHARD, space, spec.truncation))
    scores = [_scores(renderer, plan.recipes(shard)) for shard in range(plan.shards)]
    return MatchedPlan(plan, deviation, scores)


def look(matched: MatchedPlan, generator: Generator, judges: Sequence[Predictor]) -> Scorecard:
    """The second pass: pictures where the change is matched."""
    renderer = _renderer(matched.plan, generator, judges)
    network = judges[matched.plan.predictors.index(matched.witness)]
    witness = Witness(matched, generator, network, _sets(matched.plan).__getitem__)
    before = _render(renderer, matched.recipes(0))
    seen = [{"scores": before.scores, **witness.unmoved(before.images)}]
    for index in range(len(matched.plan.findings)):
        after = _render(renderer, matched.recipes(index + 1))
        moved = witness.moved(index, before.images, after.images)
        seen.append({"scores": after.scores, **moved})
    return matched.measure(seen)


def _renderer(plan: ScorecardPlan, generator: Generator, judges: Sequence[Predictor]) -> Renderer:
    scorers = [judge for judge in judges if judge.card.task != EMBEDDER]
    return Renderer(generator, scorers, _sets(plan).__getitem__)


def _sets(plan: ScorecardPlan) -> Mapping[str, FindingSet]:
    return {finding_set_digest(each): each for each in (plan.findings, plan.random_set())}


def _render(renderer: Renderer, recipes: Sequence[Recipe]) -> Rendered:
    return renderer.render([renderer.plan(recipe) for recipe in recipes])


def _scores(renderer: Renderer, recipes: Sequence[Recipe]) -> np.ndarray:
    parts = [recipes[first : first + PASS] for first in range(0, len(recipes), PASS)]
    return np.concatenate([_render(renderer, part).scores for part in parts])
