"""Ground made of a whole space: Z, W or W+, in uncorrelated axes of one SD each."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from directrix.counterfactuals.ground import Axis, Point, distance
from directrix.counterfactuals.latent_ground import Base, LatentGround
from directrix.counterfactuals.question import Question
from directrix.errors import InvalidField
from directrix.rendering import Renderer
from directrix.rendering.spread import Spread
from directrix.types import MovedFinding, Space


@dataclass(frozen=True, eq=False)
class WhitenedGround(LatentGround):
    """All of the latent moves at once: the answer is one step, whose length counts SD.

    In W+ every layer has the axes of W; S has those of its coordinates.
    """

    base: Base
    axes: tuple[Axis, ...]
    renderer: Renderer
    stop: Callable[[], None]
    choices: tuple[int, ...] = ()

    @classmethod
    def of(
        cls,
        question: Question,
        renderer: Renderer,
        stop: Callable[[], None],
        space: Space,
    ) -> "WhitenedGround":
        """space: Z, W or W+; a later one where the image stands there, S by its coordinates.

        Raises InvalidField, and what `Base.of` raises.
        """
        for field in ("allowed", "frozen"):
            if getattr(question, field):
                raise InvalidField(
                    f"a latent is moved whole: this explainer takes no `{field}`", field=field
                )
        base = Base.of(question, renderer, space)
        axes = tuple(Axis(index, (), question.max_alpha) for index in range(base.values.size))
        return cls(base, axes, renderer, stop)

    @cached_property
    def spread(self) -> Spread:
        """Of one layer."""
        space = Space.W if self.base.space is Space.W_PLUS else self.base.space
        return self.renderer.spread(space, self.stop)

    @cached_property
    def start(self) -> np.ndarray:
        """[K]: where the image itself stands, in SD from the population's mean."""
        away = self.base.values - self.spread.mean
        if self.spread.inverse is None:
            return away / np.where(self.spread.deviations > 0, self.spread.deviations, np.inf)
        return (away @ self.spread.inverse).reshape(-1)

    @property
    def width(self) -> int:
        return len(self.axes)

    def step(self, alphas: np.ndarray) -> np.ndarray:
        if self.spread.axes is None:
            return alphas * self.spread.deviations
        shape = (*self.base.values.shape[:-1], -1)
        return alphas.reshape(shape) @ self.spread.axes

    def pull(self, gradients: np.ndarray) -> np.ndarray:
        if self.spread.axes is None:
            return gradients * self.spread.deviations
        return (gradients @ self.spread.axes.T).reshape(len(gradients), -1)

    def point(self, alphas: np.ndarray) -> Point:
        """The point of alphas [K]."""
        return tuple((axis, float(a)) for axis, a in zip(self.axes, alphas, strict=True) if a)

    def moved(
        self, point: Point, contributions: Sequence[float | None]
    ) -> tuple[MovedFinding, ...]:
        """One entry, whatever it is made of."""
        if not point:
            return ()
        told = [c for c in contributions if c is not None]
        whole = sum(told) if len(told) == len(point) else None
        return (MovedFinding(0, distance(point), whole, self.base.space),)
