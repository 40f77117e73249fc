"""What a correction starts from and ends with: something that moves codes along a score.

While a correction is at work one SD is that of a few codes at hand; a finding has the population's.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np

from directrix.correction.gradient_field import Perceptron
from directrix.generators import Generator
from directrix.population import deviation
from directrix.types import Direction, Field, FieldForm, Finding, Space

STEPS = 8
"""Steps of a move along a field."""


@dataclass(frozen=True, eq=False)
class Mover(ABC):
    """Moves codes [n, ...] of one space by strengths [n], counted in its unit `scale`."""

    space: Space
    scale: float

    @abstractmethod
    def move(self, codes: np.ndarray, strengths: np.ndarray) -> np.ndarray:
        """float32 codes of the same shape."""

    @abstractmethod
    def row(self) -> np.ndarray:
        """All of it as numbers [m], for a journal."""

    @abstractmethod
    def finding(self, generator: Generator) -> Finding:
        """With the SD of the whole population as its unit."""


@dataclass(frozen=True, eq=False)
class Straight(Mover):
    """Along one unit vector: [d], or [layers, d] in W+."""

    vector: np.ndarray

    def move(self, codes: np.ndarray, strengths: np.ndarray) -> np.ndarray:
        turned = strengths.reshape(-1, *[1] * self.vector.ndim) * self.scale * self.vector
        return (codes + turned).astype(np.float32)

    def row(self) -> np.ndarray:
        return np.concatenate([[self.scale], self.vector.ravel()])

    def finding(self, generator: Generator) -> Direction:
        scale = deviation(generator, self.space, self.vector[None])[0]
        return Direction(self.space, self.vector, float(scale))


@dataclass(frozen=True, eq=False)
class Curved(Mover):
    """Along the gradient of a small network, in STEPS steps; its unit is that of `mean` [d]."""

    network: Perceptron
    mean: np.ndarray

    def move(self, codes: np.ndarray, strengths: np.ndarray) -> np.ndarray:
        moved, step = codes.astype(np.float64), strengths[:, None] * self.scale / STEPS
        for _ in range(STEPS):
            moved = moved + step * self.network.heading(moved)
        return moved.astype(np.float32)

    def row(self) -> np.ndarray:
        network = self.network
        parts = (self.mean, network.b1, network.w2, network.w1.ravel())
        return np.concatenate([[self.scale], *parts])

    def finding(self, generator: Generator) -> Field:
        mean = self.mean / np.linalg.norm(self.mean)
        scale = float(deviation(generator, self.space, mean[None])[0])
        return Field(self.space, FieldForm.MLP, self.network.arrays(), scale, STEPS)


def straight(space: Space, vector: np.ndarray, codes: np.ndarray) -> Straight:
    """A vector made unit, with the SD of codes [n, ...] along it."""
    unit = (vector / np.linalg.norm(vector)).astype(np.float32)
    along = codes.reshape(len(codes), -1).astype(np.float64) @ unit.ravel()
    return Straight(space, _scale(along), unit)


def curved(space: Space, network: Perceptron, codes: np.ndarray) -> Curved:
    """A field with the SD of codes [n, d] along its mean heading there."""
    mean = network.heading(codes).mean(0)
    if not np.linalg.norm(mean) > 0:
        mean = np.ones(codes.shape[1])
    return Curved(space, _scale(codes @ (mean / np.linalg.norm(mean))), network, mean)


def recalled(space: Space, row: np.ndarray, shape: tuple[int, ...], field: bool) -> Mover:
    """The mover of a journal's row; shape: of one code."""
    scale, rest = float(row[0]), row[1:]
    if not field:
        return Straight(space, scale, rest.reshape(shape).astype(np.float32))
    mean, rest = rest[: shape[0]], rest[shape[0] :]
    hidden = len(rest) // (shape[0] + 2)
    b1, w2, w1 = rest[:hidden], rest[hidden : 2 * hidden], rest[2 * hidden :]
    return Curved(space, scale, Perceptron(w1.reshape(hidden, shape[0]), b1, w2), mean)


def _scale(along: np.ndarray) -> float:
    return max(float(along.std()), 1e-12)
