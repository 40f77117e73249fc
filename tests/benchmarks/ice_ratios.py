"""Target over suppressed change, sample by sample, as a judge sees it that nobody differentiated.

Every sample goes the way on which it has room: up where the judge sees less of the target than
usual, down where more. The ratio is taken where the target has first changed by 1.5 SD, between
two steps of the grid: |change of the target| over the root mean square change of what is
suppressed, each in the judge's own SD over unmoved samples. Samples whose target never gets so
far are left out, and counted.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from directrix.criterions.chart import Chart
from directrix.generators import Generator
from directrix.types import Space

CHANGE = 1.5
"""Of the target, in its SD."""

BATCH = 125

TRIED = 24
"""Samples on which a direction's sign is seen."""


@dataclass(frozen=True, eq=False)
class Judge:
    """Names of K scores; `read` gives them [n, K] for images [n, C, H, W]."""

    names: tuple[str, ...]
    read: Callable[[Tensor], np.ndarray]
    centre: np.ndarray
    spread: np.ndarray

    @classmethod
    def of(
        cls, names: Sequence[str], read: Callable[[Tensor], np.ndarray], images: Tensor
    ) -> "Judge":
        """With mean and SD over unmoved images."""
        scores = read(images)
        return cls(tuple(names), read, scores.mean(0), scores.std(0))

    def index(self, *names: str) -> list[int]:
        return [self.names.index(name) for name in names]


@dataclass(frozen=True, eq=False)
class Ratios:
    """values: [n], not-a-number where the target does not get so far. sides: [n, k] in SD there."""

    values: np.ndarray
    sides: np.ndarray
    largest: np.ndarray

    @property
    def reached(self) -> float:
        return float(np.isfinite(self.values).mean())

    def percentile(self, share: float) -> float:
        known = self.values[np.isfinite(self.values)]
        return float(np.percentile(known, share)) if len(known) else 0.0

    @property
    def median(self) -> float:
        return self.percentile(50)


@dataclass(frozen=True, eq=False)
class Move:
    """A named fixed direction: one SD along it, [*latent] of `space`, as points are rendered."""

    name: str
    space: Space
    step: Tensor

    def path(self, points: Tensor, ways: np.ndarray, alpha: float) -> Tensor:
        signs = torch.from_numpy(ways.astype(np.float32)).reshape(-1, *[1] * self.step.dim())
        return points + alpha * signs * self.step


@torch.inference_mode()
def pictures(generator: Generator, points: Tensor, space: Space) -> Tensor:
    """Clamped, as anybody sees them."""
    parts = [generator.synthesise(rows, space).clamp(-1, 1) for rows in points.split(BATCH)]
    return torch.cat(parts)


def ways(judge: Judge, base: np.ndarray, target: int) -> np.ndarray:
    """+1 where there is room above, -1 where there is room below: [n]."""
    return np.where(base[:, target] > judge.centre[target], -1.0, 1.0)


def along_move(
    generator: Generator,
    judge: Judge,
    move: Move,
    points: Tensor,
    target: str,
    held: Sequence[str],
    alphas: Sequence[float],
) -> Ratios:
    """Ratios of one fixed direction from latents [n, *latent] on."""
    (column,) = judge.index(target)
    base = judge.read(pictures(generator, points, move.space))
    some = points[:TRIED]
    tried = judge.read(pictures(generator, some + move.step, move.space))[:, column]
    turn = 1.0 if tried.mean() >= base[: len(some), column].mean() else -1.0
    way = ways(judge, base, column)
    curves = [base] + [
        judge.read(pictures(generator, move.path(points, turn * way, alpha), move.space))
        for alpha in alphas
    ]
    return ratios(judge, np.stack(curves), way, column, judge.index(*held))


def along_paths(
    generator: Generator,
    judge: Judge,
    paths: Tensor,
    space: Space,
    target: str,
    held: Sequence[str],
) -> Ratios:
    """Ratios along paths [A, n, *latent] that begin unmoved."""
    (column,) = judge.index(target)
    curves = np.stack([judge.read(pictures(generator, points, space)) for points in paths])
    way = ways(judge, curves[0], column)
    return ratios(judge, curves, way, column, judge.index(*held))


def ratios(
    judge: Judge, curves: np.ndarray, way: np.ndarray, target: int, held: Sequence[int]
) -> Ratios:
    """Of scores [A, n, K] along paths that begin unmoved."""
    changes = (curves - curves[0]) / judge.spread
    gone = changes[..., target] * way
    hit = np.maximum.accumulate(gone, 0) >= CHANGE
    samples, step = np.arange(gone.shape[1]), np.maximum(hit.argmax(0), 1)
    before, after = gone[step - 1, samples], gone[step, samples]
    share = np.divide(CHANGE - before, after - before, out=np.zeros_like(after), where=hit[-1])
    start, end = changes[step - 1, samples], changes[step, samples]
    sides = (start + share[:, None] * (end - start))[:, list(held)]
    whole = np.sqrt(np.square(sides).mean(1))
    with np.errstate(divide="ignore"):
        values, largest = CHANGE / whole, CHANGE / np.abs(sides).max(1)
    return Ratios(
        np.where(hit[-1], values, np.nan), sides[hit[-1]], np.where(hit[-1], largest, np.nan)
    )


def move_of(name: str, chart: Chart, columns: np.ndarray) -> Move:
    """The move of coordinates [D, 1] of unit length."""
    step = torch.from_numpy(columns[:, 0] * chart.spread(columns)[0]).to(chart.tangents)
    return Move(name, chart.home, torch.tensordot(step, chart.tangents, 1))
