"""Worlds in which classifiers cheat: a generator, at least 40 findings, and who is trusted.

A world's candidates are one finding for every cause that a classifier may cheat by, decoys (each
cause mixed with another direction, at cosines of .85, .7 and .5), directions of what is to be told
and principal directions that nobody named. All are told in SD of the population.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from directrix.batches import chunks
from directrix.discovery import Problem
from directrix.generators import Generator
from directrix.population import deviation
from directrix.predictors import Predictor
from directrix.types import Direction, FindingSet, Provenance, Space
from tests.benchmarks.cheats import LARGER, SMALL

COSINES = (0.85, 0.7, 0.5)
TAUGHT, CANDIDATES = 2048, 40
PLACES = 1024


@dataclass(frozen=True, eq=False)
class Lesson:
    """Training pictures [N, C, H, W], their labels [N], and the names of the classes."""

    images: Tensor
    labels: np.ndarray
    classes: tuple[str, ...]


class CheatWorld(ABC):
    """One generator with candidates; `causes` are what classifiers may cheat by."""

    name: str
    generator: Generator
    space: Space
    causes: tuple[str, ...]
    network: Mapping[str, object] = SMALL
    """Of the classifiers that are audited."""
    trusted: Mapping[str, object] = LARGER
    """Of the reference, where one is trained."""

    @abstractmethod
    def lesson(self, task: int, cause: str, strength: float, count: int, seed: int) -> Lesson:
        """Pictures of a task of which a share `strength` is labelled by a cause."""

    @abstractmethod
    def directions(self) -> tuple[np.ndarray, np.ndarray]:
        """Of the causes [C, d] and of everything else [m, d]."""

    def candidates(self, seed: int) -> FindingSet:
        """The causes first, each mixed with a direction of the rest thrice, then the rest."""
        causes, rest = (_unit(rows) for rows in self.directions())
        chance = np.random.Generator(np.random.Philox([seed, 9]))
        partners = chance.permutation(len(rest))
        decoys = [
            cosine * cause + np.sqrt(1 - cosine**2) * _away(rest[partners[i % len(rest)]], cause)
            for i, (cause, cosine) in enumerate((u, c) for u in causes for c in COSINES)
        ]
        rows = np.concatenate([causes, _unit(np.stack(decoys)), rest])
        more = chance.standard_normal((max(0, CANDIDATES - len(rows)), rows.shape[1]))
        rows = np.concatenate([rows, _unit(more)])
        scales = deviation(self.generator, self.space, rows)
        findings = tuple(
            Direction(self.space, row, float(scale))
            for row, scale in zip(rows, scales, strict=True)
        )
        hints = (*self.causes, *("",) * (len(rows) - len(causes)))
        made = Provenance(method="hand", version="1", generator=self.generator.card.digest)
        return FindingSet(findings, made, hints)

    def places(self, seed: int, count: int) -> np.ndarray:
        """Samples of the population [count, d]."""
        return Problem(self.generator).sample(seed, 0, count, self.space)

    @torch.inference_mode()
    def pictures(self, places: np.ndarray | Tensor) -> Tensor:
        rows = torch.as_tensor(places)
        made = [self.generator.synthesise(r, self.space).clamp(-1, 1) for r in chunks(rows, 64)]
        return torch.cat(made)


@torch.inference_mode()
def told(predictor: Predictor, images: Tensor) -> np.ndarray:
    """Scores [N, K]."""
    return torch.cat([predictor.scores(rows) for rows in images.split(128)]).numpy()


def reading(places: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Unit directions [K, d] along which ridge regression reads scores [N, K] off places [N, d]."""
    u = places - places.mean(0)
    v = (scores - scores.mean(0)) / scores.std(0)
    gram = u.T @ u / len(u)
    return _unit(np.linalg.solve(gram + 1e-2 * np.trace(gram) / len(gram) * np.eye(len(gram)),
                                 u.T @ v / len(u)).T)  # fmt: skip


def principal(places: np.ndarray, count: int) -> np.ndarray:
    """The principal directions [count, d]."""
    return np.linalg.svd(places - places.mean(0), full_matrices=False)[2][:count]


def _unit(rows: np.ndarray) -> np.ndarray:
    return rows / np.linalg.norm(rows, axis=-1, keepdims=True)


def _away(row: np.ndarray, other: np.ndarray) -> np.ndarray:
    """The part of a row that is orthogonal to another, of unit length."""
    return _unit(row - (row @ other) * other)


def halves(count: int, seed: int) -> np.ndarray:
    """Which half of `count` classes lies on the high side: [count] of bool."""
    order = np.random.Generator(np.random.Philox([seed, 3])).permutation(count)
    return order < count // 2
