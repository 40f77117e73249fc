"""Repeated populations whose truth is known, for the coverage of intervals.

scorecards  InterFaceGAN's finding on one untrained generator, judged by a scorecard for every
            seed; the truth is its effect over 20 000 samples
factors     the bundled Fashion-MNIST generator with planted causes: one walk along the planted
            brightness, one that mixes it with a direction of W. Populations are drawn with
            replacement from a pool of rendered samples, so the pool's own value is the truth
"""

from collections.abc import Callable
from dataclasses import replace
from functools import cache

import numpy as np
import torch

from directrix import generators
from directrix.archive import finding_set_digest, unpack_model
from directrix.batches import in_fixed_batches
from directrix.generators.planted import Planted, plant
from directrix.metrics import (
    attribute_dependency,
    dependency_gap,
    effect_interval,
    mean_effect,
    paired_interval,
)
from directrix.population import latents
from directrix.rendering import Renderer
from directrix.types import Direction, FindingSet, Space
from tests.benchmarks import bundled, null_worlds

Interval = tuple[float, float]
Kinds = dict[str, tuple[float, Callable[[int], Interval]]]

LARGE = 20_000
POOL, POPULATION, HELD = 512, 1024, 128
ALPHAS = (-3.0, -1.5, 0.0, 1.5, 3.0)
TARGET = 0
"""Column of the planted brightness."""


def scorecards() -> Kinds:
    """The interval of a scorecard's strongest effect."""
    world = null_worlds.untrained(7)
    findings = world.separate(world.population(), "a")
    truth = _large_effect(world, findings)

    def interval(seed: int) -> Interval:
        card = replace(world, seed=seed).judge(findings, samples=64, random_findings=1)
        return card.findings[0].interval_sd

    return {"scorecard_effect": (truth, interval)}


def _large_effect(world: null_worlds.World, findings: FindingSet) -> float:
    digest = finding_set_digest(findings)
    renderer = Renderer(world.generator, [world.predictor], {digest: findings}.__getitem__)
    seed, finding = 2**61, findings.findings[0]
    held = renderer.sample(seed, 0, LARGE, Space.Z)
    ends = [
        renderer.score(replace(held, values=_moved(held.values, finding, alpha)))
        for alpha in (null_worlds.ALPHAS[0], null_worlds.ALPHAS[-1])
    ]
    return float(np.abs(mean_effect(*ends, renderer.score(held).astype(np.float64).std(0))).max())


def _moved(values: np.ndarray, finding: Direction, alpha: float) -> np.ndarray:
    return (values + alpha * finding.scale * finding.vector).astype(np.float32)


def factors() -> Kinds:
    """Intervals of effects, paired effects, dependencies and paired gaps of factors."""
    base, first, second = _pool()
    spread = base.std(0)

    def drawn(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        picks = np.random.Generator(np.random.Philox([seed, 2])).integers(0, POOL, POPULATION)
        return base[picks], first[:, picks[:HELD]], second[:, picks[:HELD]]

    def effect(seed: int) -> Interval:
        known, walk, _ = drawn(seed)
        return effect_interval(walk[-1, :, TARGET] - walk[0, :, TARGET], known[:, TARGET], seed)

    def side_effect(seed: int) -> Interval:
        known, _, walk = drawn(seed)
        return effect_interval(walk[-1, :, side] - walk[0, :, side], known[:, side], seed)

    def paired(seed: int) -> Interval:
        _, one, two = drawn(seed)
        return paired_interval(two[-1, :, side], one[-1, :, side], seed)

    def dependency(seed: int) -> Interval:
        known, walk, _ = drawn(seed)
        return attribute_dependency(ALPHAS, walk, known, TARGET, 1.0, seed).mean_interval

    def most(seed: int) -> Interval:
        known, _, walk = drawn(seed)
        return attribute_dependency(ALPHAS, walk, known, TARGET, 1.0, seed).most_interval

    def gap(seed: int) -> Interval:
        known, one, two = drawn(seed)
        return dependency_gap(ALPHAS, two, one, known, TARGET, 1.0, seed).mean_interval

    side = int(np.abs(mean_effect(second[0], second[-1], spread))[3:].argmax()) + 3
    whole = attribute_dependency(ALPHAS, first, base, TARGET, 1.0, 0)
    mixed = attribute_dependency(ALPHAS, second, base, TARGET, 1.0, 0)
    return {
        "factor_effect": (float(mean_effect(first[0], first[-1], spread)[TARGET]), effect),
        "factor_side_effect": (
            float(mean_effect(second[0], second[-1], spread)[side]),
            side_effect,
        ),
        "paired_change": (float((second[-1, :, side] - first[-1, :, side]).mean()), paired),
        "dependency_mean": (whole.mean, dependency),
        "dependency_max": (mixed.most, most),
        "dependency_gap": (mixed.mean - whole.mean, gap),
    }


@cache
def _pool() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Factors of the pool [P, F] and along both walks [A, P, F]: 3 planted, 10 class scores."""
    generator, judge = _planted(), bundled.load_predictor(bundled.CLASSIFIER)
    z = torch.from_numpy(latents(11, 0, POOL, generator.dimension(Space.Z)))

    @torch.inference_mode()
    def told(w: torch.Tensor) -> torch.Tensor:
        images = generator.synthesise(w, Space.W).clamp(-1, 1)
        return torch.cat([generator.factors(w, Space.W), judge.scores(images)], 1)

    def measured(w: torch.Tensor) -> np.ndarray:
        return in_fixed_batches(told, w).numpy().astype(np.float64)

    with torch.inference_mode():
        w = in_fixed_batches(lambda rows: generator.convert(rows, Space.Z, Space.W), z)
    base, planted = measured(w), torch.zeros(w.shape[1])
    planted[-len(generator.nuisances)] = 1
    own = w[:, : -len(generator.nuisances)]
    other = torch.zeros(w.shape[1])
    other[: own.shape[1]] = torch.linalg.svd(own - own.mean(0), full_matrices=False)[2][0]
    strength = float((own @ other[: own.shape[1]]).std())
    walks = []
    for step in (planted, 0.8 * planted + 0.6 * strength * other):
        moved = [base if a == 0 else measured(w + a * step) for a in ALPHAS]
        walks.append(np.stack(moved))
    return base, walks[0], walks[1]


def _planted() -> Planted:
    card, arrays = plant(*unpack_model(*bundled.files(bundled.GENERATOR)))
    made = generators.build(card, arrays, torch.device("cpu"))
    assert isinstance(made, Planted)
    return made
