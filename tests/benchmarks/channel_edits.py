"""What else changes where a walk is kept within a channel subspace, at the same effect.

For every scorer the direction and the subspace with the least attribute dependency are chosen on
some latents; others tell the figure, beside the whole edit along the same direction and edits
within random channels of the same number and layer.
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

DIRECTIONS, SUBSPACES, STEPS = 6, 4, 100
STRIDES = (2.5, 5.0, 9.0, 16.0, 40.0)
CHOSEN_ON, TOLD_ON, POPULATION = 32, 64, 512
RANDOM = 3
CHANGE = 1.0
"""Of the target, in its SD."""
LEAST_REACHED = 0.5
"""Share of the latents that have to arrive; fewer would not stand for the others."""
CHOSEN_REACHED = 0.65
"""The same where an edit is chosen, so that it stands on other latents too."""
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
            components=DIRECTIONS, steps=STEPS, batch=16, features=layers, subspaces=SUBSPACES
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

    def random_like(self, units: Units, chance: np.random.Generator) -> list[Units]:
        """Random channels of the same layer, as many."""
        cards = {card.name: card for card in self.generator.card.layers}
        orders = [chance.permutation(cards[units.layer].channels) for _ in range(RANDOM)]
        return [Units(units.layer, o[: len(units.channels)], units.targets) for o in orders]

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
    """One row a scorer that some edit within a subspace changes by as much as is asked.

    cut is None where too few of the other latents arrive, or none of the rivals does.
    """
    bench = Bench(world, seed)
    seen, unseen = slice(0, CHOSEN_ON), slice(CHOSEN_ON, CHOSEN_ON + TOLD_ON)
    chance = np.random.default_rng(seed)
    tried = [
        (direction, units, bench.curve(direction, seen, units))
        for direction in bench.directions
        for units in bench.subspaces
    ]
    for target, scorer in enumerate(world.judges[0].scorers):
        effects = [bench.effect(curve, seen, target) for _, _, curve in tried]
        able = [(e.dependency, i) for i, e in enumerate(effects) if e.reached >= CHOSEN_REACHED]
        if not able:
            continue
        direction, units, _ = tried[min(able)[1]]
        within, whole, *others = (
            bench.effect(bench.curve(direction, unseen, each), unseen, target)
            for each in (units, None, *bench.random_like(units, chance))
        )
        arrived = [e.dependency for e in others if e.reached >= LEAST_REACHED]
        rivals = [whole.dependency] if whole.reached >= LEAST_REACHED else []
        rivals += [float(np.mean(arrived))] if arrived else []
        told = rivals and within.reached >= LEAST_REACHED
        yield {
            "world": world.name,
            "scorer": scorer,
            "layer": units.layer,
            "channels": len(units.channels),
            "within": within.dependency,
            "within_reached": within.reached,
            "whole": whole.dependency,
            "whole_reached": whole.reached,
            "random": float(np.mean(arrived)) if arrived else None,
            "random_reached": float(np.mean([e.reached for e in others])),
            "cut": 1 - within.dependency / min(rivals) if told else None,
        }
