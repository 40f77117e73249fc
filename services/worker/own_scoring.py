"""OwnScoring: scores from this worker's own device, for workers that need no replicas.

The same renderer as a replica's, in pieces of the same size: the same floats.
"""

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import TypeVar

import numpy as np
import torch

from directrix import generators, predictors
from directrix.archive import unpack_model
from directrix.foreign import Exchange
from directrix.rendering import Rendered, Renderer
from directrix.types import Latent, PopulationSpec, Recipe
from services.artifacts.catalogue import Catalogue
from services.worker.scoring import CALL, Scoring, Tick

T = TypeVar("T")

_FINDING_SETS = 16
"""Kept at hand: a scorecard needs two."""


class OwnScoring(Scoring):
    """Of one project. Holds the models that it was last asked for.

    Raises what building models raises. exchange: how predictors of other services are reached.
    """

    def __init__(self, catalogue: Catalogue, device: torch.device, exchange: Exchange | None):
        self._catalogue, self._device, self._exchange = catalogue, device, exchange
        self._held: tuple[tuple[str, ...], Renderer] | None = None

    def samples(
        self, spec: PopulationSpec, predictors: list[str], start: int, count: int, tick: Tick
    ) -> np.ndarray:
        renderer = self._renderer(spec.generator, predictors)
        space = renderer.generator.truncation_space

        def score(rows: slice) -> np.ndarray:
            n = rows.stop - rows.start
            drawn = renderer.sample(spec.seed, start + rows.start, n, space, spec.truncation)
            return renderer.score(drawn, spec.form)

        return np.concatenate(list(_pieces(count, score, tick)))

    def latents(self, latents: Latent, predictors: list[str], tick: Tick) -> np.ndarray:
        renderer = self._renderer(latents.generator, predictors)

        def score(rows: slice) -> np.ndarray:
            return renderer.score(Latent(latents.space, latents.generator, latents.values[rows]))

        return np.concatenate(list(_pieces(len(latents), score, tick)))

    def recipes(
        self, generator: str, predictors: list[str], recipes: list[Recipe], tick: Tick
    ) -> np.ndarray:
        return np.concatenate([r.scores for r in self._drawn(generator, predictors, recipes, tick)])

    def pictures(
        self, generator: str, predictors: list[str], recipes: list[Recipe], tick: Tick
    ) -> tuple[np.ndarray, np.ndarray]:
        drawn = list(self._drawn(generator, predictors, recipes, tick))
        return np.concatenate([r.scores for r in drawn]), np.concatenate([r.images for r in drawn])

    def _drawn(
        self, generator: str, predictors: list[str], recipes: list[Recipe], tick: Tick
    ) -> Iterator[Rendered]:
        renderer = self._renderer(generator, predictors)

        def render(rows: slice) -> Rendered:
            return renderer.render([renderer.plan(recipe) for recipe in recipes[rows]])

        return _pieces(len(recipes), render, tick)

    def _renderer(self, generator: str, scorers: list[str]) -> Renderer:
        key = (generator, *scorers)
        if self._held is None or self._held[0] != key:
            self._held = None  # the old ones go before the new ones come
            files = self._catalogue.model_files
            network = generators.build(*unpack_model(*files(generator)), self._device)
            built = [
                predictors.build(*unpack_model(*files(digest)), self._device, self._exchange)
                for digest in scorers
            ]
            findings = lru_cache(_FINDING_SETS)(self._catalogue.finding_set)
            self._held = key, Renderer(network, built, findings)
        return self._held[1]


def _pieces(count: int, work: Callable[[slice], T], tick: Tick) -> Iterator[T]:
    """Of CALL rows each; `tick` comes after every one."""
    for first in range(0, count, CALL):
        end = min(first + CALL, count)
        yield work(slice(first, end))
        tick(end)
