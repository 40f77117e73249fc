"""From the source of a recipe to the latent that is rendered: draw, truncate, move, convert."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import torch
from torch import Tensor

from directrix.generators import Generator
from directrix.rendering.conversion import Conversion
from directrix.rendering.plan import Plan
from directrix.streams import Domain, Streams
from directrix.types import SeedSource, Space


class Routes:
    """Walks points of many plans through the spaces; moves are applied one by one."""

    def __init__(self, generator: Generator, conversion: Conversion):
        self._generator = generator
        self._conversion = conversion

    def walk(self, plans: Sequence[Plan], region: int | None) -> np.ndarray:
        """Where the plans' routes end, all in the same space: float32 [N, ...]."""
        points = _sources(plans, self._generator)
        spaces = self._generator.spaces
        spaces = spaces[: spaces.index(plans[0].end) + 1]
        for i, space in enumerate(spaces):
            here = [row for row, plan in enumerate(plans) if spaces.index(plan.start) <= i]
            self._truncate(space, plans, points, here)
            for row in here:
                for leg in plans[row].route(region):
                    if leg.space is space:
                        points[row] = leg.motion.apply(points[row])
            if space is not spaces[-1]:
                convert = partial(self._conversion, source=space, target=spaces[i + 1])
                self._each(points, here, convert)
        return np.stack(points)

    def _truncate(
        self, space: Space, plans: Sequence[Plan], points: list[np.ndarray], here: list[int]
    ) -> None:
        if space is not self._generator.truncation_space:
            return
        by_psi: dict[float, list[int]] = defaultdict(list)
        for row in here:
            if isinstance(plans[row].source, SeedSource) and plans[row].recipe.truncation != 1:
                by_psi[plans[row].recipe.truncation].append(row)
        for psi, rows in by_psi.items():
            self._each(points, rows, partial(self._conversion.truncate, space=space, psi=psi))

    def _each(
        self, points: list[np.ndarray], here: list[int], function: Callable[[Tensor], Tensor]
    ) -> None:
        """Replaces the points of some rows by what a function of rows makes of them."""
        if here:
            rows = torch.from_numpy(np.stack([points[row] for row in here]))
            moved = function(rows.to(self._generator.device)).cpu().numpy()
            for row, value in zip(here, moved, strict=True):
                points[row] = value


def _sources(plans: Sequence[Plan], generator: Generator) -> list[np.ndarray]:
    streams: dict[int, Streams] = {}
    return [_source(plan, generator, streams) for plan in plans]


def _source(plan: Plan, generator: Generator, streams: dict[int, Streams]) -> np.ndarray:
    source = plan.source
    if not isinstance(source, SeedSource):
        return source.latent.values[0]
    if source.seed not in streams:
        streams[source.seed] = Streams(source.seed, Domain.LATENTS)
    point = np.empty(generator.dimension(Space.Z), np.float32)
    streams[source.seed].fill(source.index, point)
    return point
