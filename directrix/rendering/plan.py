"""Plans: recipes that were checked and whose moves were laid out, ready to be rendered."""

from dataclasses import dataclass

import numpy as np

from directrix.types import LatentSource, Noise, Recipe, SeedSource, Space, Units
from directrix.walks import Motion


@dataclass(frozen=True, eq=False)
class Leg:
    """One motion and the space in which the point is when it is applied."""

    space: Space
    motion: Motion


@dataclass(frozen=True, eq=False)
class Region:
    """Legs that act inside a mask float32 [H, W] only, on top of the recipe's other legs."""

    mask: np.ndarray
    legs: tuple[Leg, ...]


@dataclass(frozen=True, eq=False)
class Channels:
    """Legs whose features get through on the channels of some units only."""

    units: Units
    legs: tuple[Leg, ...]


@dataclass(frozen=True, eq=False)
class UnitEdit:
    """Units of a layer blended towards their targets, inside a mask or everywhere."""

    units: Units
    alpha: float
    mask: np.ndarray | None


@dataclass(frozen=True, eq=False)
class Plan:
    """A checked recipe. Only `Renderer.plan` makes them.

    legs: motions without a mask, in the order of the spaces and in the recipe's order within one.
    end: the space that all routes end in.
    """

    recipe: Recipe
    source: SeedSource | LatentSource
    start: Space
    end: Space
    legs: tuple[Leg, ...]
    regions: tuple[Region, ...]
    channels: tuple[Channels, ...]
    units: tuple[UnitEdit, ...]

    @property
    def kind(self) -> tuple[Space, Noise, int, int]:
        """Plans of one kind are rendered in one batch; it follows from the recipe alone."""
        return (self.end, self.recipe.noise, len(self.regions), len(self.channels))

    def route(self, region: int | None) -> tuple[Leg, ...]:
        """The legs outside all masks and channels (None), or those of one of them too."""
        parts = self.regions or self.channels
        return self.legs if region is None else self.legs + parts[region].legs
