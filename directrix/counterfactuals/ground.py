"""Ground: over what a search moves, and how a point of it stands in a recipe."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from directrix.types import MovedFinding, Recipe


@dataclass(frozen=True)
class Axis:
    """One way to move: a finding, one row of a subspace, or one axis of a latent space.

    index: of the finding, or of the axis. reach: the largest |alpha|.
    """

    index: int
    coefficients: tuple[float, ...]
    reach: float


Point = tuple[tuple[Axis, float], ...]
"""Axes with their alphas: where a trial stands."""


def distance(point: Point) -> float:
    """The length of the movement, in SD."""
    return float(np.sqrt(sum(alpha**2 for _, alpha in point)))


def scaled(point: Point, factor: float) -> Point:
    return tuple((axis, alpha * factor) for axis, alpha in point)


class Ground(ABC):
    """What a question allows to be moved.

    axes: every way to move, at least one. choices: what `Question.allowed` may name; empty where
    it may name nothing.
    """

    axes: tuple[Axis, ...]
    choices: tuple[int, ...]

    @abstractmethod
    def recipe(self, point: Point) -> Recipe:
        """The question's recipe, moved on to a point; itself for the empty one."""

    @abstractmethod
    def moved(
        self, point: Point, contributions: Sequence[float | None]
    ) -> tuple[MovedFinding, ...]:
        """A point in the words of an answer. contributions: one an axis of the point."""
