"""Toy worlds with planted answers: a linear generator and predictors that read off known axes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property

import numpy as np
import torch

from directrix.archive import finding_set_digest, model_digest
from directrix.discovery import Problem
from directrix.generators import Generator
from directrix.generators import linear as linear_generator
from directrix.generators import style as style_generator
from directrix.generators.style_network import StyleConfig, StyleNetwork
from directrix.population import latents
from directrix.predictors import Predictor
from directrix.predictors import linear as linear_predictor
from directrix.rendering import Renderer
from directrix.types import FindingSet, ImageCard, Population, PopulationSpec

CPU = torch.device("cpu")
IMAGE = ImageCard(channels=1, height=8, width=8)
SPECTRUM = (8.0, 6.0, 4.5, 3.4, 2.6, 2.0, 1.5, 1.2)
DIMENSION = len(SPECTRUM)


@dataclass(frozen=True, eq=False)
class World:
    """A generator whose strongest axes are the rows of `axes`, and what reads its images.

    readings: the rows [K, d] that the predictor's scorers a, b, c... are scalar products with.
    """

    generator: Generator
    predictor: Predictor
    axes: np.ndarray
    readings: np.ndarray
    sets: dict[str, FindingSet] = field(default_factory=dict)

    @property
    def renderer(self) -> Renderer:
        return Renderer(self.generator, [self.predictor], self.sets.__getitem__)

    def keep(self, findings: FindingSet) -> str:
        """Puts a finding set where the renderer finds it; returns its digest."""
        digest = finding_set_digest(findings)
        self.sets[digest] = findings
        return digest

    @cached_property
    def scored(self) -> Population:
        return self.population(3, 320)

    def population(self, seed: int, count: int) -> Population:
        spec = PopulationSpec(self.generator.card.digest, seed)
        z = self.renderer.sample(seed, 0, count, self.generator.spaces[0])
        scores = {self.predictor.card.digest: self.renderer.score(z)}
        return Population(spec, 0, count, scores)

    def problem(self, **parts: object) -> Problem:
        """Everything that any method could need, with seed 3."""
        settings: dict[str, object] = {
            "predictors": (self.predictor.card,),
            "population": self.scored,
            "score": self.renderer.score,
            "networks": (self.predictor,),
            "seed": 3,
        }
        return Problem(self.generator, **(settings | parts))


def linear_world(
    readings: np.ndarray | None = None,
    w_dim: int | None = None,
    task: str = "classifier",
    offsets: np.ndarray | None = None,
    side: int = 8,
    spectrum: Sequence[float] = SPECTRUM,
    contrast: float = 0.25,
) -> World:
    """readings: rows over z; None reads the generator's own axes 0, 1 and 2.

    side: of the image, in pixels: the more there are, the less their rounding tells. contrast: of
    them, in SD over the prior.
    w_dim: DIMENSION gives the generator a space W = M z, M random; readings are then rows over w.
    """
    arrays, axes = linear_generator.planted(spectrum, side**2, seed=1, contrast=contrast)
    if w_dim is not None:
        chance = np.random.Generator(np.random.Philox(2))
        arrays["M"] = chance.standard_normal((w_dim, DIMENSION)).astype(np.float32) * 0.3
    read = axes[:3] if readings is None else np.asarray(readings, np.float32)
    judge = linear_predictor.reading(arrays, read)
    if offsets is not None:
        judge["c"] = judge["c"] + np.asarray(offsets, np.float32)
    image = IMAGE.model_copy(update={"height": side, "width": side})
    generator = _generator(arrays, w_dim, image)
    return World(generator, _predictor(judge, len(read), task, image), axes, read)


@cache
def style_world() -> World:
    """A tiny style-based generator with random weights: spaces Z, W, W+, S; nothing planted."""
    config = StyleConfig(
        z_dim=DIMENSION, w_dim=DIMENSION, mapping_layers=2, channels=(8, 8), image_channels=1
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(5)
        state = StyleNetwork(config).state_dict()
    arrays = {name: tensor.numpy() for name, tensor in state.items()}
    card = style_generator.card(config, "toy-style")
    card = card.model_copy(update={"digest": model_digest(card, arrays)})
    chance = np.random.Generator(np.random.Philox(6))
    judge = {
        "B": chance.standard_normal((3, 64)).astype(np.float32),
        "c": np.zeros(3, np.float32),
    }
    generator = style_generator.build(card, arrays, CPU)
    return World(generator, _predictor(judge, 3, "classifier"), np.eye(DIMENSION), judge["B"])


def _generator(arrays: Mapping[str, np.ndarray], w_dim: int | None, image: ImageCard) -> Generator:
    card = linear_generator.card("toy", image, DIMENSION, w_dim)
    card = card.model_copy(update={"digest": model_digest(card, arrays)})
    return linear_generator.build(card, arrays, CPU)


def _predictor(
    arrays: Mapping[str, np.ndarray], scorers: int, task: str, image: ImageCard = IMAGE
) -> Predictor:
    card = linear_predictor.card("judge", image, "abcdefghijkl"[:scorers], task)
    card = card.model_copy(update={"digest": model_digest(card, arrays)})
    return linear_predictor.build(card, arrays, CPU)


def prior(world: World, seed: int, count: int) -> np.ndarray:
    """z [count, d] of a seed."""
    return latents(seed, 0, count, DIMENSION)
