"""Typicality: whether moved latents still lie where the population lies.

Lengths are those of (u - mean) / SD, coordinate by coordinate, over the population of the space in
which a finding moves. Densities: in Z that of the prior, N(0, I). In W that of a normal with the
population's mean and covariance. In W+ the mean of that over the layers: a population has one w on
all of them, so that W+ itself has no density. In S and in features: none.

Source: the norm ratio and the change of log p along a walk are those of Zhu et al., DP-LaSE (ACM
MM 2021); the normal for W is a plain one, which a mapping network only roughly follows.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from directrix.densities import Normal
from directrix.discovery import Problem
from directrix.generators import Generator
from directrix.rendering.planner import Planner
from directrix.types import FindingSet, Move, Recipe, SeedSource, Space
from directrix.walks import Motion

REFERENCE, BLOCK = 4096, 1024
"""Latents of the population that are measured, and how many at once."""
QUANTILE = 0.999


@dataclass(frozen=True, eq=False)
class Moved:
    """Of the same n latents at each of A strengths.

    ratio: lengths as multiples of those before [A, n]. density: change of log p [A, n] in nats, no
    number where the space has none. typical: whether their mean length lies within what 99.9 % of
    the population have [A].
    """

    ratio: np.ndarray
    density: np.ndarray
    typical: np.ndarray


@dataclass(frozen=True, eq=False)
class _Cloud:
    """mean, spread: [..., d] of one space. limit: the quantile of lengths."""

    mean: np.ndarray
    spread: np.ndarray
    limit: float
    normal: Normal | None

    def lengths(self, points: np.ndarray) -> np.ndarray:
        """[n, ...] -> [n]."""
        scaled = (points - self.mean) / self.spread
        return np.sqrt(np.square(scaled).reshape(len(points), -1).sum(1))

    def density(self, points: np.ndarray) -> np.ndarray:
        """log p [n] but for a constant; the mean over layers of points [n, layers, d]."""
        if self.normal is None:
            return np.full(len(points), np.nan)
        return self.normal.log_density(points)


class Typicality:
    """Of one generator. seed: of the population; its first `skip` samples are left out."""

    def __init__(
        self, generator: Generator, findings: Callable[[str], FindingSet], seed: int, skip: int
    ):
        self._problem = Problem(generator)
        self._planner = Planner(generator, findings)
        self._seed, self._skip = seed, skip
        self._clouds: dict[Space, _Cloud] = {}

    def __call__(
        self, moves: Sequence[Move], start: int, count: int, rows: np.ndarray | None = None
    ) -> Moved | None:
        """What moves along one finding do to samples start .. start + count of the population.

        rows: positions [n] of those of them that are moved, where not all are. None for findings
        that move no latent (units). Raises what `Planner.plan` raises.
        """
        motions = [self._motion(move) for move in moves]
        if not motions or motions[0] is None:
            return None
        space = motions[0][0]
        cloud = self._cloud(space)
        before = self._points(space, start, count)
        before = before if rows is None else before[rows]
        lengths, density = cloud.lengths(before), cloud.density(before)
        ratios, densities, typical = [], [], []
        for found in motions:
            assert found is not None
            after = np.stack([found[1].apply(point) for point in before])
            ratios.append(cloud.lengths(after) / lengths)
            densities.append(cloud.density(after) - density)
            typical.append(cloud.lengths(after).mean() <= cloud.limit)
        return Moved(np.stack(ratios), np.stack(densities), np.array(typical))

    def _motion(self, move: Move) -> tuple[Space, Motion] | None:
        digest = self._problem.generator.card.digest
        plan = self._planner.plan(Recipe(digest, SeedSource(self._seed), moves=(move,)))
        return (plan.legs[0].space, plan.legs[0].motion) if plan.legs else None

    def _points(self, space: Space, start: int, count: int) -> np.ndarray:
        return self._problem.sample(self._seed, start, count, space)

    def _cloud(self, space: Space) -> _Cloud:
        if space not in self._clouds:
            self._clouds[space] = self._measured(space)
        return self._clouds[space]

    def _measured(self, space: Space) -> _Cloud:
        """In blocks: memory does not grow with the population."""
        starts = range(self._skip, self._skip + REFERENCE, BLOCK)
        if space is Space.Z:
            shape = (self._problem.generator.dimension(space),)
            cloud = _Cloud(np.zeros(shape), np.ones(shape), 0.0, Normal.standard(*shape))
        elif space is Space.S:
            cloud = self._spread(space, starts)
        else:
            cloud = self._normal(starts)
        found = [cloud.lengths(self._points(space, start, BLOCK)) for start in starts]
        limit = float(np.quantile(np.concatenate(found), QUANTILE))
        return _Cloud(cloud.mean, cloud.spread, limit, cloud.normal)

    def _spread(self, space: Space, starts: Sequence[int]) -> _Cloud:
        total = squares = 0.0
        for start in starts:
            rows = self._points(space, start, BLOCK).astype(np.float64)
            total, squares = total + rows.sum(0), squares + np.square(rows).sum(0)
        mean = np.asarray(total) / REFERENCE
        variance = np.maximum(np.asarray(squares) / REFERENCE - np.square(mean), 0)
        # a channel that never varies: one unit of it counts as one SD
        spread = np.where(variance > 1e-12, np.sqrt(variance), 1.0)
        return _Cloud(mean, spread, 0.0, None)

    def _normal(self, starts: Sequence[int]) -> _Cloud:
        """Of W; points of W+ are held against it layer by layer."""
        normal = Normal.fit(self._points(Space.W, start, BLOCK) for start in starts)
        return _Cloud(normal.mean, np.sqrt(np.diag(normal.covariance)), 0.0, normal)
