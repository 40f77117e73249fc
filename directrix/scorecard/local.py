"""A scorecard made in this process: what a worker does with replicas, with one renderer."""

from collections.abc import Sequence

import numpy as np

from directrix.archive import finding_set_digest
from directrix.generators import Generator
from directrix.predictors import Predictor
from directrix.rendering import Renderer
from directrix.rendering.renderer import Rendered
from directrix.scorecard.matched import MatchedPlan
from directrix.scorecard.plan import EMBEDDER, ScorecardPlan
from directrix.scorecard.witness import Witness
from directrix.types import SHARD, Recipe, Scorecard

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
    sets = {finding_set_digest(each): each for each in (plan.findings, plan.random_set())}
    scorers = [judge for judge in judges if judge.card.task != EMBEDDER]
    renderer = Renderer(generator, scorers, sets.__getitem__)
    if deviation is None:
        deviation = deviation_scores(plan, renderer)
    scores = [_scores(renderer, plan.recipes(shard)) for shard in range(plan.shards)]
    matched = MatchedPlan(plan, deviation, scores)
    witness = Witness(matched, generator, judges, sets.__getitem__)
    before = _render(renderer, matched.recipes(0))
    seen = [{"scores": before.scores, **witness.unmoved(before.images)}]
    for index in range(len(plan.findings)):
        after = _render(renderer, matched.recipes(index + 1))
        moved = witness.moved(index, before.images, after.images)
        seen.append({"scores": after.scores, **moved})
    return matched.measure(seen)


def deviation_scores(plan: ScorecardPlan, renderer: Renderer) -> np.ndarray:
    """Of the shard [1024, K] that tells SDs: the same for every plan with this seed."""
    spec, space = plan.deviation_spec, renderer.generator.truncation_space
    return renderer.score(renderer.sample(spec.seed, 0, SHARD, space, spec.truncation))


def _render(renderer: Renderer, recipes: Sequence[Recipe]) -> Rendered:
    return renderer.render([renderer.plan(recipe) for recipe in recipes])


def _scores(renderer: Renderer, recipes: Sequence[Recipe]) -> np.ndarray:
    parts = [recipes[first : first + PASS] for first in range(0, len(recipes), PASS)]
    return np.concatenate([_render(renderer, part).scores for part in parts])
