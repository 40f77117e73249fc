"""Stability: whether the explanation of a picture stays when the picture changes a little.

A picture and its like, the same latent pushed at random by a small share of the population's SD,
are explained towards the same class. Their answers are compared as sets of moved findings (Jaccard)
and as movements (distance, as a share of the mean of both lengths).

Source: the question is that of Alvarez-Melis and Jaakkola, "On the Robustness of Interpretability
Methods" (arXiv 1806.08049), section 3; sets instead of saliencies.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from directrix.audits.walks import Stop, Walks
from directrix.counterfactuals import Bisection, Question, explain
from directrix.metrics import bootstrap_interval
from directrix.types import (
    Counterfactual,
    Latent,
    LatentSource,
    Measured,
    Recipe,
    SeedSource,
    Stability,
    Status,
)


def explained(walks: Walks, picture: int, stop: Stop) -> dict[str, np.ndarray]:
    """moves [2, F] in SD, of a picture and of its like; found [2] whether each flips at all."""
    question = walks.question
    recipe = walks.recipe(picture)
    first = _explain(walks, recipe, "", stop)
    like = _explain(walks, _pushed(walks, recipe, picture), first.target_class, stop)
    moves = np.zeros((2, len(walks.named)))
    for row, answer in zip(moves, (first, like), strict=True):
        for moved in answer.moved:
            row[moved.index] += moved.alpha
    found = np.array([answer.status is Status.FOUND for answer in (first, like)])
    same = first.source_class == like.source_class
    return {"moves": moves, "found": found & same, "noise": np.array(question.noise_sd)}


def measure_stability(parts: Sequence[dict[str, np.ndarray]], noise_sd: float) -> Stability:
    """Of what `explained` gave for each picture."""
    pairs = [part["moves"] for part in parts if part["found"].all()]
    jaccards: list[float] = []
    distances: list[float] = []
    for one, two in pairs:
        both, either = ((one != 0) & (two != 0)).sum(), ((one != 0) | (two != 0)).sum()
        jaccards.append(float(both / either) if either else 1.0)
        whole = (np.linalg.norm(one) + np.linalg.norm(two)) / 2
        distances.append(float(np.linalg.norm(one - two) / whole) if whole else 0.0)
    return Stability(
        noise_sd=noise_sd,
        pairs=len(pairs),
        asked=len(parts),
        jaccard=_measured(jaccards),
        distance_sd=_measured(distances),
    )


def _explain(walks: Walks, recipe: Recipe, target: str, stop: Stop) -> Counterfactual:
    question = Question(
        recipe,
        walks.digests[0],
        classifier=walks.question.classifier,
        target=target,
        target_probability=walks.question.target_probability,
        budget=walks.question.budget,
    )
    return explain(question, walks.renderer, stop=stop, explainer=Bisection())


def _pushed(walks: Walks, recipe: Recipe, picture: int) -> Recipe:
    """The same picture, its latent pushed in every coordinate by noise_sd of its own SD."""
    renderer, share = walks.renderer, walks.question.noise_sd
    source = recipe.source
    if isinstance(source, SeedSource):
        space = walks.generator.truncation_space
        place = renderer.sample(source.seed, source.index, 1, space)
    elif isinstance(source, LatentSource):
        place = source.latent
    else:
        raise TypeError(type(source).__name__)
    spread = renderer.sample(walks.question.seed, 0, 256, place.space).values.std(0)
    chance = np.random.Generator(np.random.Philox([walks.question.seed, picture]))
    values = place.values + share * spread * chance.standard_normal(place.values.shape)
    moved = Latent(place.space, place.generator, values.astype(np.float32))
    return replace(recipe, source=LatentSource(moved))


def _measured(values: Sequence[float]) -> Measured | None:
    if not values:
        return None
    return Measured(
        value=float(np.mean(values)), interval=bootstrap_interval(np.array(values), seed=0)
    )
