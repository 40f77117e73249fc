"""What else changes where a walk is kept within a channel subspace, at the same effect.

For every scorer DP-LaSE gives the channels, the layer, the direction and its sign. It chooses them
on latents of its own, by the gradients of the world's first judge; other latents and the judge's
twin, which it never sees, tell the figure, beside the whole edit along the same direction and edits
within random channels of the same number and layer.

An edit that does not change the target so much says nothing about side effects at that change, so
two edits are compared over the latents at which both arrive: the same latents for both, each of
them at the same effect. How many arrive at all is told beside it.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from directrix.densities import norm_preserving
from directrix.discovery import Problem
from directrix.methods.dplase import DpLaSE, DpLaseParams
from directrix.metrics.matched import MatchedChange
from directrix.traversal import draw_within
from directrix.types import Direction, FindingSet, Space, Units
from tests.benchmarks.dcgan_worlds import Walked
from tests.benchmarks.journal import Journal, Row

DIRECTIONS, SUBSPACES, STEPS = 6, 8, 100
STRIDES = (2.5, 5.0, 9.0, 16.0, 40.0)
TOLD_ON, POPULATION = 64, 512
RANDOM = 12
CHANGE = 1.0
"""Of the target, in its SD."""
LEAST_SHARED = 16
"""Pairs of arrivals below which two edits are not compared."""
HELD_OUT = 2**61 + 22
HINT = re.compile(r" (\S+) (rises|falls) along direction (\d+);")
"""What DP-LaSE says of the channels of a scorer."""


@dataclass(frozen=True)
class Chosen:
    """The edit of one scorer: what moves, within what, and whether the target is to rise."""

    scorer: str
    direction: Direction
    units: Units
    sign: float


class Bench:
    """Walks of one world, scored by its ruler: a twin of the judge that DP-LaSE gets."""

    def __init__(self, world: Walked, seed: int):
        self.world, self.generator, self.judge = world, world.generator, world.ruler
        shown = world.judges[0]
        layers = tuple(card.name for card in self.generator.card.layers[1:])
        params = DpLaseParams(
            components=DIRECTIONS,
            steps=STEPS,
            batch=16,
            features=layers,
            subspaces=SUBSPACES,
            scorers=shown.scorers,
        )
        self.problem = Problem(
            self.generator, predictors=(shown.card,), networks=(shown,), seed=seed
        )
        self.edits = _edits(DpLaSE(params).fit(self.problem))
        self.starts = self._draw(0, POPULATION)
        self.base = self._scores(self.starts)

    def curve(self, direction: Direction, rows: slice, units: Units | None) -> np.ndarray:
        """Change of the scores [1 + strides, n, K], 0 at first."""
        starts = self.starts[rows]
        away = torch.from_numpy(direction.vector.copy()).expand_as(starts)
        moved = [norm_preserving(starts, stride * away) for stride in STRIDES]
        scores = [self._scores(starts, place, units) for place in moved]
        return np.stack([np.zeros_like(scores[0]), *(s - self.base[rows] for s in scores)])

    def dependency(self, curve: np.ndarray, target: int, sign: float) -> np.ndarray:
        """[n]: mean change of the other factors, in SD, where the target has changed by CHANGE.

        Not a number where it never does. curve: as `curve` gives it.
        """
        turn = np.ones(self.base.shape[1])
        turn[target] = sign
        spread = self.base.std(0)
        walk = MatchedChange(curve * turn, self.base * turn, target, CHANGE)
        reached, moved = walk._at(np.array([CHANGE * spread[target]]))
        varying = np.flatnonzero(spread > 0)
        others = varying[varying != target]
        sizes = np.abs(moved[0][:, others]) / spread[others]
        return np.where(reached[0], sizes.mean(1), np.nan)

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


def cuts(world: Walked, seed: int, journal: Journal) -> Iterator[Row]:
    """One row a scorer for which DP-LaSE has channels, as far as they are not in the journal.

    cut is None where no rival arrives at enough of the latents at which the edit does.
    """
    bench = Bench(world, seed)
    for chosen in bench.edits:
        if (world.name, chosen.scorer) not in journal:
            journal.append(_row(bench, chosen, seed))
        yield journal[world.name, chosen.scorer]


def row_key(row: Row) -> tuple[str, str]:
    """What a journal tells rows apart by."""
    return row["world"], row["scorer"]


def _row(bench: Bench, chosen: Chosen, seed: int) -> Row:
    target, told = bench.judge.scorers.index(chosen.scorer), slice(0, TOLD_ON)
    chance = np.random.default_rng([seed, target])
    within, whole, *others = (
        bench.dependency(bench.curve(chosen.direction, told, each), target, chosen.sign)
        for each in (chosen.units, None, *bench.random_like(chosen.units, chance))
    )
    against = {"whole": shared_cut(within, [whole]), "random": shared_cut(within, others)}
    known = [cut for cut in against.values() if cut is not None]
    return {
        "world": bench.world.name,
        "scorer": chosen.scorer,
        "layer": chosen.units.layer,
        "channels": len(chosen.units.channels),
        "within": _mean(within),
        "within_reached": float(np.isfinite(within).mean()),
        "whole": _mean(whole),
        "whole_reached": float(np.isfinite(whole).mean()),
        "random": _mean(np.stack(others)),
        "random_reached": float(np.isfinite(np.stack(others)).mean()),
        "cut_whole": against["whole"],
        "cut_random": against["random"],
        "cut": min(known) if known else None,
    }


def _edits(found: FindingSet) -> list[Chosen]:
    """What the hints of a set say of its channels."""
    directions = [finding for finding in found.findings if isinstance(finding, Direction)]
    edits = []
    for finding, hint in zip(found.findings, found.hints, strict=True):
        told = HINT.search(hint)
        if isinstance(finding, Units) and told is not None:
            sign = 1.0 if told[2] == "rises" else -1.0
            edits.append(Chosen(told[1], directions[int(told[3])], finding, sign))
    return edits


def shared_cut(within: np.ndarray, rivals: Sequence[np.ndarray]) -> float | None:
    """1 - mean(within) / mean(rival) over all pairs of arrivals at one latent.

    within [n] and every rival [n]: dependencies, not a number where a latent does not arrive. None
    with fewer than LEAST_SHARED pairs.
    """
    pairs = [
        (mine, theirs)
        for rival in rivals
        for mine, theirs in zip(within, rival, strict=True)
        if np.isfinite(mine) and np.isfinite(theirs)
    ]
    if len(pairs) < LEAST_SHARED:
        return None
    mine, theirs = np.mean(pairs, 0)
    return float(1 - mine / theirs)


def _mean(dependencies: np.ndarray) -> float | None:
    """Over those that arrive."""
    arrived = dependencies[np.isfinite(dependencies)]
    return float(arrived.mean()) if len(arrived) else None
