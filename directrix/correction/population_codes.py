"""A scored population: codes of chosen samples, made anew from their seeds, and scores."""

from dataclasses import dataclass

import numpy as np

from directrix.discovery import Problem
from directrix.errors import NeedsUnmet
from directrix.types import SHARD, Population, Space

STUDIED = 100_000
"""Samples that a correction looks at: the standard error of a share is then 0.002 at most, and its
memory does not grow with the population."""


@dataclass(frozen=True, eq=False)
class PopulationCodes:
    """A population's samples in one space; in W+ the w of a sample is the same on every layer."""

    problem: Problem
    population: Population
    space: Space

    @property
    def shape(self) -> tuple[int, ...]:
        """Of one code."""
        generator = self.problem.generator
        width = generator.dimension(self.space)
        return (generator.num_layers(self.space), width) if self.layered else (width,)

    @property
    def layered(self) -> bool:
        return self.space is Space.W_PLUS

    def __call__(self, rows: np.ndarray) -> np.ndarray:
        """[n, ...] of the samples at positions [n], shard by shard: only these are kept."""
        flat = Space.W if self.layered else self.space
        codes = np.empty((len(rows), self.problem.generator.dimension(flat)), np.float32)
        spec = self.population.spec
        for start in range(0, self.population.count, SHARD):
            inside = (rows >= start) & (rows < start + SHARD)
            if not inside.any():
                continue
            count = min(SHARD, self.population.count - start)
            first = self.population.start + start
            shard = self.problem.sample(spec.seed, first, count, flat, spec.truncation)
            codes[inside] = shard[rows[inside] - start]
        return self.spread_out(codes)

    def spread_out(self, codes: np.ndarray) -> np.ndarray:
        """Codes [n, d] as codes of the space: [n, layers, d] in W+."""
        return np.repeat(codes[:, None], self.shape[0], 1) if self.layered else codes


def population_scores(problem: Problem, most: int = STUDIED) -> np.ndarray:
    """All scores of a problem's population side by side: float32 [N, K], of its first `most`
    samples.

    Raises NeedsUnmet where one of its predictors has not scored it.
    """
    assert problem.population is not None  # methods that call it need one
    parts = []
    for card in problem.predictors:
        if card.digest not in problem.population.scores:
            raise NeedsUnmet(f"the population has no scores of predictor {card.name}")
        parts.append(problem.population.scores[card.digest][:most])
    return np.concatenate(parts, 1)


def ends(scores: np.ndarray, fraction: float) -> tuple[np.ndarray, np.ndarray]:
    """Positions of the lowest and of the highest share of the finite scores [N], each ascending."""
    finite = np.flatnonzero(np.isfinite(scores))
    order = finite[np.argsort(scores[finite], kind="stable")]
    count = min(int(len(order) * fraction), len(order) // 2)
    return np.sort(order[:count]), np.sort(order[len(order) - count :])
