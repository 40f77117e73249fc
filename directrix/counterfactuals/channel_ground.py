"""Ground made of channels: single coordinates of S, or of a generator's last space without S."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from directrix.counterfactuals.ground import Axis, Point
from directrix.counterfactuals.latent_ground import Base, LatentGround
from directrix.counterfactuals.question import Question
from directrix.generators import ORDER
from directrix.rendering import Renderer
from directrix.types import MovedFinding, Space


@dataclass(frozen=True, eq=False)
class ChannelGround(LatentGround):
    """An alpha counts SD of the channel over the population; allowed names coordinates."""

    base: Base
    axes: tuple[Axis, ...]
    choices: tuple[int, ...]
    renderer: Renderer
    stop: Callable[[], None]

    @classmethod
    def of(
        cls,
        question: Question,
        renderer: Renderer,
        stop: Callable[[], None],
        pictures: bool = True,
    ) -> "ChannelGround":
        """pictures: whether channels of layers that only make colours of features count too.

        Raises InvalidField, and what `Base.of` raises.
        """
        generator = renderer.generator
        space = max((s for s in generator.spaces if s is not Space.W_PLUS), key=ORDER.index)
        base = Base.of(question, renderer, space)
        layers = generator.channels(base.space)
        known = {layer.name for layer in generator.card.layers} | {"planted"}
        inner = [
            pictures or name in known or base.space is not Space.S
            for name, count in layers.items()
            for _ in range(count)
        ]
        choices = tuple(int(i) for i in np.flatnonzero(inner))
        axes = tuple(Axis(index, (), question.max_alpha) for index in question.movable(choices))
        return cls(base, axes, choices, renderer, stop)

    @cached_property
    def deviations(self) -> np.ndarray:
        """[K]: the SD of every coordinate."""
        return self.renderer.spread(self.base.space, self.stop).deviations

    @property
    def width(self) -> int:
        return self.base.values.size

    def step(self, alphas: np.ndarray) -> np.ndarray:
        return alphas * self.deviations

    def pull(self, gradients: np.ndarray) -> np.ndarray:
        return gradients * self.deviations

    def moved(
        self, point: Point, contributions: Sequence[float | None]
    ) -> tuple[MovedFinding, ...]:
        return tuple(
            MovedFinding(axis.index, alpha, contribution, self.base.space, *self._place(axis.index))
            for (axis, alpha), contribution in zip(point, contributions, strict=True)
        )

    def _place(self, index: int) -> tuple[str, int]:
        """Layer, and the channel's number in it."""
        for name, count in self.renderer.generator.channels(self.base.space).items():
            if index < count:
                return name, index
            index -= count
        raise IndexError(index)
