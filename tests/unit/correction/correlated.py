"""The planted toy: two readings a and b of w, correlated in the population, apart in the pictures.

w = M z, so that w_1 = r w_0 + sqrt(1 - r^2) z_1: what data do to a latent space whose first two
coordinates tell a and b. A direction of a is pure if it leaves w_1 alone.
"""

from dataclasses import dataclass

import numpy as np

from directrix.archive import model_digest
from directrix.discovery import Problem
from directrix.generators import Generator
from directrix.generators import linear as linear_generator
from directrix.population import latents
from directrix.predictors import Predictor
from directrix.predictors import linear as linear_predictor
from directrix.types import Population, PopulationSpec
from tests.contract.toys import CPU, IMAGE

DIMENSION = 16


@dataclass(frozen=True, eq=False)
class CorrelatedWorld:
    generator: Generator
    predictor: Predictor
    mapping: np.ndarray

    def problem(self, seed: int = 3, count: int = 2048, **parts: object) -> Problem:
        z = latents(seed, 0, count, DIMENSION)
        scores = (z @ self.mapping.T)[:, :2].astype(np.float32)
        spec = PopulationSpec(self.generator.card.digest, seed)
        population = Population(spec, 0, count, {self.predictor.card.digest: scores})
        settings: dict[str, object] = {
            "predictors": (self.predictor.card,),
            "population": population,
            "networks": (self.predictor,),
            "seed": seed,
        }
        return Problem(self.generator, **(settings | parts))


def correlated_world(correlation: float = 0.85) -> CorrelatedWorld:
    arrays, _ = linear_generator.planted([1.0] * DIMENSION, 64, seed=1)
    mapping = np.eye(DIMENSION, dtype=np.float32)
    mapping[1, :2] = correlation, np.sqrt(1 - correlation**2)
    arrays["M"] = mapping
    card = linear_generator.card("correlated", IMAGE, DIMENSION, DIMENSION)
    card = card.model_copy(update={"digest": model_digest(card, arrays)})
    judge = linear_predictor.reading(arrays, np.eye(DIMENSION)[:2])
    told = linear_predictor.card("judge", IMAGE, ("a", "b"), "regressor")
    told = told.model_copy(update={"digest": model_digest(told, judge)})
    return CorrelatedWorld(
        linear_generator.build(card, arrays, CPU),
        linear_predictor.build(told, judge, CPU),
        mapping,
    )


def leak(vector: np.ndarray, target: int = 0) -> float:
    """|change of the other reading| / |change of the target| along a direction in W."""
    return float(abs(vector[1 - target] / vector[target]))
