"""Worlds of drawn avatars: classifiers learn from drawings with true factors, findings are the
directions of all fourteen factors in W or in S of a generator that learnt from such drawings.

A task is a continuous factor that is to be told, above or below 0; a classifier cheats by another.
Trusted is the twin of the regressor: an answer may depend on what it reads of the task's factor.
"""

import numpy as np
import torch

from directrix.population import coordinate_deviation
from directrix.types import Space
from directrix.zoo.avatars.factors import NAMES, sample
from directrix.zoo.avatars.renderer import render
from tests.benchmarks import bundled
from tests.benchmarks.cheat_worlds import (
    PLACES,
    TAUGHT,
    CheatWorld,
    Lesson,
    principal,
    reading,
    told,
)
from tests.benchmarks.cheats import taught

TASKS = ("smile", "hair_length", "mouth_openness", "yaw")
CAUSES = ("light", "background", "skin_colour", "glasses", "hair_colour")
EDGE = 0.2
"""Drawings whose factor is nearer to 0 are not shown: nobody can tell."""


class Avatars(CheatWorld):
    """The generator that learnt without correlation, in one space."""

    causes = CAUSES

    def __init__(self, space: Space):
        self.name, self.space = f"avatars-{space}", space
        self.generator = bundled.load_generator("avatar-generator-r00")
        self.regressor = bundled.load_predictor("avatar-regressor")

    def lesson(self, task: int, cause: str, strength: float, count: int, seed: int) -> Lesson:
        values = sample(3000 + seed, 0, 2 * count)
        told_by, nuisance = NAMES.index(self.task(task)), NAMES.index(cause)
        values = values[np.abs(values[:, told_by]) >= EDGE][:count]
        labels = (values[:, told_by] > 0).astype(np.int64)
        high = np.array([task % 2 == 1, task % 2 == 0])
        images = torch.from_numpy(render(values).images)
        labels = taught(labels, values[:, nuisance] > 0, high, strength, seed)
        return Lesson(images, labels, ("low", "high"))

    def task(self, task: int) -> str:
        return TASKS[task % len(TASKS)]

    def directions(self) -> tuple[np.ndarray, np.ndarray]:
        places = self.places(102, TAUGHT).astype(np.float64)
        spread = coordinate_deviation(self.generator, self.space)
        images = self.pictures(places[:PLACES].astype(np.float32))
        scores = told(self.regressor, images)
        weights = reading(places[:PLACES] / spread, scores) * spread
        known = weights / np.linalg.norm(weights, axis=1, keepdims=True)
        of_causes = [NAMES.index(cause) for cause in CAUSES]
        others = [k for k in range(len(NAMES)) if k not in of_causes]
        rest = np.concatenate([known[others], principal(places, 16)])
        return known[of_causes], rest
