"""What else changes where a walk is kept within a channel subspace, at the same effect.

For every direction and the scorer that it moves most, the subspace with the least attribute
dependency is chosen on some latents; others tell the figure, beside the whole edit and edits within
random channels of the same number and layer.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from directrix.densities import norm_preserving
from directrix.discovery import Problem
from directrix.methods.dplase import DpLaSE, DpLaseParams
from directrix.metrics.matched import MatchedChange
from directrix.traversal import draw_within
from directrix.types import Direction, Space, Units
from tests.benchmarks.dcgan_worlds import Walked

DIRECTIONS, SUBSPACES, STEPS = 8, 5, 120
STRIDES = (2.0, 4.0, 7.0, 11.0, 18.0, 40.0)
CHOSEN_ON, TOLD_ON, POPULATION = 40, 80, 512
RANDOM = 4
CHANGE = 1.0
"""Of the target, in its SD."""
LEAST_REACHED = 0.5
HELD_OUT = 2**61 + 21


@dataclass(frozen=True)
class Effect:
    """Mean dependency at the change, in SD, and the share of the latents that arrive."""

    dependency: float
    reached: float


class Bench:
    """Walks of one world, scored by its first judge."""

    def __init__(self, world: Walked, seed: int):
        self.world, self.generator, self.judge = world, world.generator, world.judges[0]
        layers = tuple(card.name for card in self.generator.card.layers)
        params = DpLaseParams(
            components=DIRECTIONS, steps=STEPS, features=layers, subspaces=SUBSPACES
        )
        self.problem = Problem(self.generator, seed=seed)
        found = DpLaSE(params).fit(self.problem).findings
        self.directions = [f for f in found if isinstance(f, Direction)]
        self.subspaces = [f for f in found if isinstance(f, Units)]
        self.starts = self._draw(0, POPULATION)
        self.base = self._scores(self.starts)

    def curve(self, direction: Direction, rows: slice, units: Units | None) -> np.ndarray:
        """Change of the scores [1 + strides, n, K], 0 at first."""
        starts = self.starts[rows]
        away = torch.from_numpy(direction.vector.copy()).expand_as(starts)
        moved = [norm_preserving(starts, stride * away) for stride in STRIDES]
        scores = [self._scores(starts, place, units) for place in moved]
        return np.stack([np.zeros_like(scores[0]), *(s - self.base[rows] for s in scores)])

    def effect(self, curve: np.ndarray, rows: slice, target: int) -> Effect:
        """Where the target rises or falls by CHANGE, whichever is reached by more latents."""
        base = np.concatenate([self.base[rows], np.delete(self.base, np.r_[rows], 0)])
        found = []
        for sign in (1.0, -1.0):
            turn = np.ones(base.shape[1])
            turn[target] = sign
            change = MatchedChange(curve * turn, base * turn, target, CHANGE)
            weights = np.full((1, len(base)), 1 / len(base))
            reached = change.reached()
            told = float(change(weights)[0, 0]) if reached > 0 else np.inf
            found.append(Effect(told, reached))
        return max(found, key=lambda effect: effect.reached)

    @torch.no_grad()
    def _scores(
        self, starts: Tensor, moved: Tensor | None = None, units: Units | None = None
    ) -> np.ndarray:
        found = []
        for first in range(0, len(starts), 64):
            rows = slice(first, first + 64)
            if moved is None or units is None:
                images = self.generator.synthesise(
                    (starts if moved is None else moved)[rows], Space.Z
                )
            else:
                images = draw_within(self.generator, Space.Z, starts[rows], moved[rows], units)
            found.append(self.judge.scores(images.clamp(-1, 1)))
        return torch.cat(found).double().numpy()

    def _draw(self, first: int, count: int) -> Tensor:
        return torch.from_numpy(self.problem.sample(HELD_OUT, first, count, Space.Z))


def cuts(world: Walked, seed: int) -> Iterator[dict[str, object]]:
    """One row a direction for which some subspace reaches the change on latents to choose by."""
    bench = Bench(world, seed)
    seen, unseen = slice(0, CHOSEN_ON), slice(CHOSEN_ON, CHOSEN_ON + TOLD_ON)
    chance = np.random.default_rng(seed)
    deviations = bench.base.std(0)
    for place, direction in enumerate(bench.directions):
        whole = bench.curve(direction, seen, None)
        target = int((np.abs(whole[3]).mean(0) / deviations).argmax())
        tried = [
            (bench.effect(bench.curve(direction, seen, units), seen, target), units)
            for units in bench.subspaces
        ]
        able = [(e.dependency, i) for i, (e, _) in enumerate(tried) if e.reached >= LEAST_REACHED]
        if not able:
            continue
        units = tried[min(able)[1]][1]
        kept = bench.effect(bench.curve(direction, unseen, units), unseen, target)
        plain = bench.effect(bench.curve(direction, unseen, None), unseen, target)
        channels = next(c.channels for c in world.generator.card.layers if c.name == units.layer)
        others = [
            Units(
                units.layer,
                np.sort(chance.permutation(channels)[: len(units.channels)]),
                units.targets,
            )
            for _ in range(RANDOM)
        ]
        random = [
            bench.effect(bench.curve(direction, unseen, each), unseen, target) for each in others
        ]
        arrived = [e.dependency for e in random if e.reached >= LEAST_REACHED]
        rivals = [plain.dependency, *([float(np.mean(arrived))] if arrived else [])]
        yield {
            "world": world.name,
            "direction": place,
            "scorer": world.judges[0].scorers[target],
            "layer": units.layer,
            "channels": len(units.channels),
            "within": kept.dependency,
            "within_reached": kept.reached,
            "whole": plain.dependency,
            "random": rivals[-1] if arrived else None,
            "cut": 1 - kept.dependency / min(rivals),
        }
