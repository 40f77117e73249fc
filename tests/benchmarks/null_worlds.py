"""Worlds in which a method has nothing to find, small and new for every trial.

random_weights    SeFa's components of one untrained generator, tried in another one: weights
                  without training prefer no direction, so these are directions like any other
shuffled_labels   InterFaceGAN on scores of a classifier that were dealt out to other samples, in Z
shuffled_labels_w the same in W of an untrained style-based generator, where latents are not round
duplicated        the same shuffled finding three times beside one that is real
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import torch

from directrix import generators
from directrix.archive import finding_set_digest, model_digest
from directrix.discovery import Problem
from directrix.generators import Generator, dcgan, style
from directrix.generators.style_network import StyleConfig, StyleNetwork
from directrix.methods.interfacegan import InterFaceGan, InterFaceGanParams
from directrix.methods.sefa import SeFa, SefaParams
from directrix.predictors import Predictor
from directrix.predictors import linear as linear_predictor
from directrix.rendering import Renderer
from directrix.scorecard import ScorecardPlan
from directrix.types import (
    SHARD,
    FindingSet,
    GeneratorCard,
    ImageCard,
    Population,
    PopulationSpec,
    Scorecard,
    Space,
)

CPU = torch.device("cpu")
DCGAN: Mapping[str, object] = {"z_dim": 16, "widths": [16], "image_channels": 1}
STYLE = StyleConfig(z_dim=16, w_dim=16, mapping_layers=3, channels=(8, 8), image_channels=1)
IMAGE = ImageCard(channels=1, height=8, width=8)
POPULATION, SAMPLES, ALPHAS = 400, 32, (-3.0, 0.0, 3.0)


@dataclass(frozen=True)
class World:
    """An untrained generator and a classifier that reads random patterns off its images."""

    generator: Generator
    predictor: Predictor
    seed: int

    def population(self, count: int = POPULATION) -> Population:
        renderer = Renderer(self.generator, [self.predictor], {}.__getitem__)
        scores = renderer.score(renderer.sample(self.seed, 0, count, Space.Z))
        spec = PopulationSpec(self.generator.card.digest, self.seed)
        return Population(spec, 0, count, {self.predictor.card.digest: scores})

    def shuffled(self) -> Population:
        """Every sample has the scores of another."""
        known = self.population()
        order = np.random.Generator(np.random.Philox(self.seed)).permutation(known.count)
        dealt = {name: scores[order] for name, scores in known.scores.items()}
        return replace(known, scores=dealt)

    def separate(self, population: Population, *scorers: str) -> FindingSet:
        """InterFaceGAN's findings."""
        problem = Problem(
            self.generator,
            predictors=(self.predictor.card,),
            population=population,
            seed=self.seed,
        )
        return InterFaceGan(InterFaceGanParams(scorers=scorers)).fit(problem)

    def judge(
        self, findings: FindingSet, samples: int = SAMPLES, random_findings: int | None = None
    ) -> Scorecard:
        """The scorecard, as a worker makes it."""
        plan = ScorecardPlan(
            findings,
            self.generator.card,
            (self.predictor.card,),
            self.seed,
            samples=samples,
            alphas=ALPHAS,
            random_findings=random_findings,
        )
        sets = {finding_set_digest(s): s for s in (findings, plan.random_set())}
        renderer = Renderer(self.generator, [self.predictor], sets.__getitem__)
        held = renderer.sample(plan.deviation_spec.seed, 0, SHARD, Space.Z)
        shards = [
            renderer.render([renderer.plan(recipe) for recipe in plan.recipes(shard)]).scores
            for shard in range(plan.shards)
        ]
        return plan.measure(renderer.score(held), shards)


def untrained(seed: int, styled: bool = False) -> World:
    """Other weights, other patterns, other samples for every seed."""
    card, arrays = _style(seed) if styled else _dcgan(seed)
    card = card.model_copy(update={"digest": model_digest(card, arrays)})
    chance = np.random.Generator(np.random.Philox([seed, 1]))
    reader = {
        "B": chance.standard_normal((3, IMAGE.height * IMAGE.width)).astype(np.float32),
        "c": np.zeros(3, np.float32),
    }
    judge = linear_predictor.card("reader", IMAGE, "abc")
    judge = judge.model_copy(update={"digest": model_digest(judge, reader)})
    return World(
        generators.build(card, arrays, CPU), linear_predictor.build(judge, reader, CPU), seed
    )


def random_weights(seed: int) -> tuple[World, FindingSet, list[bool]]:
    """World, findings, and which of them are real."""
    other, world = untrained(seed + 10**6), untrained(seed)
    found = SeFa(SefaParams(components=2)).fit(Problem(other.generator))
    moved = found.provenance.model_copy(update={"generator": world.generator.card.digest})
    return world, replace(found, provenance=moved), [False, False]


def shuffled_labels(seed: int) -> tuple[World, FindingSet, list[bool]]:
    world = untrained(seed)
    return world, world.separate(world.shuffled(), "a", "b"), [False, False]


def shuffled_labels_w(seed: int) -> tuple[World, FindingSet, list[bool]]:
    world = untrained(seed, styled=True)
    return world, world.separate(world.shuffled(), "a", "b"), [False, False]


def duplicated(seed: int) -> tuple[World, FindingSet, list[bool]]:
    world = untrained(seed)
    chance = world.separate(world.shuffled(), "a").findings[0]
    real = world.separate(world.population(), "b")
    findings = (*real.findings, chance, chance, chance)
    return world, FindingSet(findings, real.provenance), [True, False, False, False]


KINDS = {f.__name__: f for f in (random_weights, shuffled_labels, shuffled_labels_w, duplicated)}


def _dcgan(seed: int) -> tuple[GeneratorCard, dict[str, np.ndarray]]:
    """Weights ten times those that training starts from, so that images are not all grey."""
    arrays = dcgan.random_arrays(DCGAN, seed)
    strong = {name: 10 * array for name, array in arrays.items() if array.ndim == 4}
    return dcgan.card(DCGAN, "untrained"), arrays | strong


def _style(seed: int) -> tuple[GeneratorCard, dict[str, np.ndarray]]:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        state = StyleNetwork(STYLE).state_dict()
    return style.card(STYLE, "untrained-style"), {name: t.numpy() for name, t in state.items()}
