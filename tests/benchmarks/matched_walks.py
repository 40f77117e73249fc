"""Walks of several findings for one factor on the same latents, read at a matched change."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from directrix.generators import Generator
from directrix.metrics import statistic_interval
from directrix.metrics.matched import MatchedChange
from directrix.predictors import Predictor
from directrix.types import Direction, Field, Space
from directrix.walks.motion import Motion

BATCH = 256
ALPHAS = (0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.5, 8.0)
"""Strengths in the findings' own SD: the same grid for all."""


@dataclass(frozen=True, eq=False)
class Held:
    """Held-out latents z or w [N, d] of one generator and what a judge reads from them [N, F].

    The first `moved` of them are moved; all of them give the factors' SDs.
    """

    generator: Generator
    judge: Predictor
    codes: np.ndarray
    space: Space
    moved: int
    alphas: tuple[float, ...] = ALPHAS

    @torch.inference_mode()
    def read(self, codes: np.ndarray, space: Space) -> np.ndarray:
        """[N, F] float64."""
        parts = [
            self.judge.scores(self.generator.synthesise(rows, space).clamp(-1, 1))
            for rows in torch.from_numpy(codes).split(BATCH)
        ]
        return torch.cat(parts).numpy().astype(np.float64)

    def at(self, finding: Direction | Field, strengths: np.ndarray) -> tuple[np.ndarray, Space]:
        """The moved latents at strengths [moved], and the space they are then in."""
        codes, space = self.codes[: self.moved], finding.space
        if space is Space.W_PLUS:
            layers = self.generator.num_layers(space)
            codes = np.repeat(codes[:, None], layers, 1)
        if isinstance(finding, Direction):
            turned = strengths.reshape(-1, *[1] * finding.vector.ndim)
            return (codes + turned * finding.scale * finding.vector).astype(np.float32), space
        moved = [
            Motion(finding, float(alpha)).apply(code)
            for code, alpha in zip(codes, strengths, strict=True)
        ]
        return np.stack(moved), space

    def rise(self, finding: Direction | Field, base: np.ndarray, target: int) -> np.ndarray:
        """[S, moved, F]: change of the factors, turned so that the target is meant to rise.

        Every latent goes away from the side of the target's mean that it lies on, so that each has
        somewhere to go.
        """
        start = base[: self.moved]
        sides = np.where(start[:, target] < base[:, target].mean(), 1.0, -1.0)
        walk = [np.zeros_like(start)]
        for alpha in self.alphas[1:]:
            walk.append((self.read(*self.at(finding, alpha * sides)) - start) * sides[:, None])
        return np.stack(walk)


def matched_changes(
    rise: np.ndarray, base: np.ndarray, target: int, change: float
) -> tuple[np.ndarray, np.ndarray]:
    """(who arrives [n], all factors' changes there [n, F] in SD)."""
    spread = base.std(0)
    statistic = MatchedChange(rise, base, target, change)
    reached, moved = statistic._at(np.array([change * spread[target]]))
    return reached[0], moved[0] / spread


def leakage(moved: np.ndarray, target: int) -> np.ndarray:
    """[n]: mean size of the changes of all other factors."""
    return np.abs(np.delete(moved, target, 1)).mean(1)


@dataclass(frozen=True)
class Ratio:
    """Leakage of one method as a multiple of another's, with the ends of its interval."""

    value: float
    low: float
    high: float


def leak_ratio(first: Sequence[np.ndarray], second: Sequence[np.ndarray], seed: int) -> Ratio:
    """sum over targets of mean(first) / the same of second; latents are resampled in pairs.

    first, second: leakages [n] a target, not-a-number where either of the two does not arrive.
    """
    statistic = _ratio(np.stack(first), np.stack(second))
    count = len(first[0])
    value = float(statistic(np.full((1, count), 1 / count))[0])
    low, high = statistic_interval(statistic, count, seed)
    return Ratio(value, float(low), float(high))


def _ratio(first: np.ndarray, second: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    both = np.isfinite(first) & np.isfinite(second)
    one, two = np.where(both, first, 0), np.where(both, second, 0)

    def statistic(weights: np.ndarray) -> np.ndarray:
        counted = weights @ both.T
        with np.errstate(invalid="ignore"):
            means = [(weights @ each.T / counted).sum(1) for each in (one, two)]
        return means[0] / means[1]

    return statistic


def matched_strengths(
    rise: np.ndarray, base: np.ndarray, target: int, change: float, alphas: tuple[float, ...]
) -> np.ndarray:
    """[n]: where the target has first risen by `change` SD, the strongest where it never does."""
    risen = np.maximum.accumulate(rise[..., target], 0)
    wanted = change * base[:, target].std()
    return np.array([_first(row, alphas, wanted) for row in risen.T])


def _first(risen: np.ndarray, alphas: tuple[float, ...], wanted: float) -> float:
    place = int(np.searchsorted(risen, wanted))
    if place == len(risen):
        return alphas[-1]
    share = (wanted - risen[place - 1]) / (risen[place] - risen[place - 1])
    return float(alphas[place - 1] + share * (alphas[place] - alphas[place - 1]))
