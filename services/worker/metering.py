"""Scoring that counts what it is asked for, for a job's budget."""

from collections.abc import Callable

import numpy as np

from directrix.types import Latent, PopulationSpec, Recipe
from services.worker.scoring import Scoring, Tick


class MeteredScoring(Scoring):
    """Another scoring, wrapped. spend: told how many images more were scored; may raise to stop."""

    def __init__(self, inner: Scoring, spend: Callable[[int], None]):
        self._inner = inner
        self._spend = spend

    def samples(
        self, spec: PopulationSpec, predictors: list[str], start: int, count: int, tick: Tick
    ) -> np.ndarray:
        return self._inner.samples(spec, predictors, start, count, self._counting(tick))

    def latents(self, latents: Latent, predictors: list[str], tick: Tick) -> np.ndarray:
        return self._inner.latents(latents, predictors, self._counting(tick))

    def recipes(
        self, generator: str, predictors: list[str], recipes: list[Recipe], tick: Tick
    ) -> np.ndarray:
        return self._inner.recipes(generator, predictors, recipes, self._counting(tick))

    def pictures(
        self, generator: str, predictors: list[str], recipes: list[Recipe], tick: Tick
    ) -> tuple[np.ndarray, np.ndarray]:
        return self._inner.pictures(generator, predictors, recipes, self._counting(tick))

    def _counting(self, tick: Tick) -> Tick:
        counted = 0

        def count(done: int) -> None:
            nonlocal counted
            self._spend(done - counted)
            counted = done
            tick(done)

        return count
