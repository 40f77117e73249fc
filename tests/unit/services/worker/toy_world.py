"""A linear world for worker tests: models, a catalogue that holds them, scoring in this process."""

from collections import Counter
from collections.abc import Callable
from functools import lru_cache

import numpy as np
import torch

from directrix import generators, predictors
from directrix.archive import model_digest, pack_arrays, unpack_model
from directrix.generators import linear as linear_generator
from directrix.predictors import linear as linear_predictor
from directrix.rendering import Renderer
from directrix.types import ImageCard, Latent, PopulationSpec, Recipe, Space
from services.artifacts.catalogue import Catalogue
from services.artifacts.store import ArtifactStore
from services.jobs import DiscoverySpec, ModelRef
from services.worker.scoring import Scoring, Tick

IMAGE = ImageCard(channels=1, height=8, width=8)
SCORERS = ("first", "second", "third")


def register(store: ArtifactStore) -> tuple[ModelRef, ModelRef]:
    """Puts the toy generator and its judge into the catalogue."""
    catalogue = Catalogue(store)
    arrays, axes = linear_generator.planted((5, 4, 3, 2, 1, 0.5), 64, seed=3)
    card = linear_generator.card("toy", IMAGE, z_dim=6)
    generator = catalogue.put_model("toy", card.model_dump_json(), pack_arrays(arrays))
    judge = {"B": np.linalg.pinv(arrays["A"])[:3].astype(np.float32), "c": np.zeros(3, np.float32)}
    judge_card = linear_predictor.card("judge", IMAGE, SCORERS)
    predictor = catalogue.put_model("judge", judge_card.model_dump_json(), pack_arrays(judge))
    assert generator.digest == model_digest(card, arrays)
    assert axes.shape == (6, 6)
    return (
        ModelRef(name=generator.name, digest=generator.digest),
        ModelRef(name=predictor.name, digest=predictor.digest),
    )


def register_judge(store: ArtifactStore) -> ModelRef:
    """Another judge of the same axes."""
    catalogue = Catalogue(store)
    arrays, _ = linear_generator.planted((5, 4, 3, 2, 1, 0.5), 64, seed=3)
    judge = {"B": 2 * np.linalg.pinv(arrays["A"])[:3].astype(np.float32), "c": np.ones(3)}
    card = linear_predictor.card("other", IMAGE, SCORERS)
    tensors = pack_arrays({name: np.asarray(a, np.float32) for name, a in judge.items()})
    entry = catalogue.put_model("other", card.model_dump_json(), tensors)
    return ModelRef(name=entry.name, digest=entry.digest)


def specification(store: ArtifactStore, method: str, **changes: object) -> DiscoverySpec:
    generator, predictor = register(store)
    fields = {"generator": generator, "predictors": (predictor,), "method": method, "seed": 5}
    return DiscoverySpec(**{**fields, **changes})


class LocalScoring(Scoring):
    """The renderer itself, in this process. `units` counts what was asked for.

    memo: scores by what was asked, to be shared by worlds that ask the same.
    """

    def __init__(self, store: ArtifactStore, memo: dict[object, np.ndarray] | None = None):
        self.units: Counter[object] = Counter()
        self._memo = {} if memo is None else memo
        self._catalogue = Catalogue(store)
        self._renderers = lru_cache(self._renderer)

    def samples(
        self, spec: PopulationSpec, predictors: list[str], start: int, count: int, tick: Tick
    ) -> np.ndarray:
        renderer = self._renderers(spec.generator, tuple(predictors))
        return self._unit(
            (spec.key, start, count),
            lambda: renderer.score(renderer.sample(spec.seed, start, count, Space.Z)),
            tick,
        )

    def latents(self, latents: Latent, predictors: list[str], tick: Tick) -> np.ndarray:
        renderer = self._renderers(latents.generator, tuple(predictors))
        unit = ("latents", latents.values.tobytes())
        return self._unit(unit, lambda: renderer.score(latents), tick)

    def recipes(
        self, generator: str, predictors: list[str], recipes: list[Recipe], tick: Tick
    ) -> np.ndarray:
        renderer = self._renderers(generator, tuple(predictors))
        moves = recipes[0].moves
        return self._unit(
            ("recipes", recipes[0].source, moves[0].finding if moves else None),
            lambda: renderer.render([renderer.plan(recipe) for recipe in recipes]).scores,
            tick,
        )

    def pictures(
        self, generator: str, predictors: list[str], recipes: list[Recipe], tick: Tick
    ) -> tuple[np.ndarray, np.ndarray]:
        renderer = self._renderers(generator, tuple(predictors))
        unit = ("pictures", recipes[0].source, recipes[0].moves and recipes[0].moves[0].finding)

        def render() -> np.ndarray:
            made = renderer.render([renderer.plan(recipe) for recipe in recipes])
            flat = made.images.reshape(len(recipes), -1).astype(np.float32)
            return np.concatenate([made.scores, flat], 1)

        both = self._unit(unit, render, tick)
        image = renderer.generator.card.image
        width = sum(len(predictor.scorers) for predictor in renderer.predictors)
        shape = (image.height, image.width, image.channels)
        return both[:, :width], both[:, width:].astype(np.uint8).reshape(-1, *shape)

    def _unit(self, unit: object, compute: Callable[[], np.ndarray], tick: Tick) -> np.ndarray:
        self.units[unit] += 1
        tick(0)
        if unit not in self._memo:
            self._memo[unit] = compute()
        tick(1)
        return self._memo[unit]

    def _renderer(self, generator: str, scorers: tuple[str, ...]) -> Renderer:
        cpu = torch.device("cpu")
        built = [
            predictors.build(*unpack_model(*self._catalogue.model_files(digest)), cpu)
            for digest in scorers
        ]
        network = generators.build(*unpack_model(*self._catalogue.model_files(generator)), cpu)
        return Renderer(network, built, lru_cache(self._catalogue.finding_set))
