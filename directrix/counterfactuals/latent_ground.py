"""Ground made of a latent space itself: the answer's recipe starts from the latent that was found.

A latent that was moved has no finding to be named by: what stands in the recipe is the latent, as
its source, so that it renders to the same bytes anywhere.
"""

from abc import abstractmethod
from dataclasses import dataclass, replace

import numpy as np

from directrix.counterfactuals.ground import Ground, Point
from directrix.counterfactuals.question import Question
from directrix.errors import NeedsUnmet
from directrix.generators import ORDER
from directrix.rendering import Renderer
from directrix.types import Latent, LatentSource, Move, Recipe, Space, Units


@dataclass(frozen=True, eq=False)
class Base:
    """Where the image of a question stands in one space.

    latent: one row. kept: the moves of the recipe that are no moves of a latent: units.
    """

    question: Question
    latent: Latent
    kept: tuple[Move, ...]

    @classmethod
    def of(cls, question: Question, renderer: Renderer, space: Space) -> "Base":
        """In `space`, or in the space that the recipe ends in where that is a later one.

        Raises NeedsUnmet where something acts in a region, and what planning raises.
        """
        plan = renderer.plan(question.recipe)
        if question.mask is not None or plan.regions or plan.channels:
            raise NeedsUnmet(
                "inside a region, or within channels, findings are moved, not latents: take the "
                "explainer sparse, or bisection"
            )
        here = renderer.latent(plan)
        latent = renderer.convert(here, max(here.space, space, key=ORDER.index))
        kept = tuple(
            move for move in question.recipe.moves if isinstance(_finding(renderer, move), Units)
        )
        return cls(question, latent, kept)

    @property
    def space(self) -> Space:
        return self.latent.space

    @property
    def values(self) -> np.ndarray:
        """[*latent], in float64."""
        return self.latent.values[0].astype(np.float64)

    def moved_by(self, step: np.ndarray) -> Recipe:
        """The recipe of the image moved by [*latent]."""
        moved = Latent(self.space, self.latent.generator, (self.values + step)[None])
        return replace(self.question.recipe, source=LatentSource(moved), moves=self.kept)


class LatentGround(Ground):
    """A space whose axes are known as steps of a latent; an axis' index is its place in `step`."""

    base: Base

    @property
    @abstractmethod
    def width(self) -> int:
        """K, of all axes of the space, allowed or not."""

    @abstractmethod
    def step(self, alphas: np.ndarray) -> np.ndarray:
        """alphas [K] -> the step [*latent]."""

    @abstractmethod
    def pull(self, gradients: np.ndarray) -> np.ndarray:
        """Gradients [n, *latent] in the latent -> [n, K] in the alphas."""

    def recipe(self, point: Point) -> Recipe:
        if not point:
            return self.base.question.recipe
        return self.base.moved_by(self.step(self.alphas(point)))

    def alphas(self, point: Point) -> np.ndarray:
        """[K]: how far a point is along every axis."""
        row = np.zeros(self.width)
        for axis, alpha in point:
            row[axis.index] += alpha
        return row


def _finding(renderer: Renderer, move: Move) -> object:
    return renderer.findings(move.finding.finding_set).findings[move.finding.index]
