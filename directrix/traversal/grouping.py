"""Looks for a layer's channel subspaces: of a population, of every direction, of every scorer."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from torch import Tensor

from directrix.densities import Step
from directrix.generators import Generator
from directrix.traversal.attribution import Judge, channel_effects
from directrix.traversal.features import FeatureReader
from directrix.traversal.refinement import ChannelEffects, cost, side_effects
from directrix.traversal.subspaces import (
    ChannelSubspaces,
    Draw,
    Expression,
    Moments,
    change_moments,
    channel_changes,
    channel_moments,
    cluster_channels,
    express,
    express_by_training,
)

SPREAD, MEASURED = 128, 32
"""Latents that tell the channels' spread, and how much directions move the groups."""
CHANNELS, CHANGED = 256, 48
"""Latents that tell the correlations of channels, and those of their changes."""
SCORED, TOLD = 512, 64
"""Latents that tell the scorers' SD, and what every channel does to them."""
BATCH = 64
STRIDES = (0.25, 0.5, 0.9, 1.6, 4.0)
"""At which channels are told, in longest strides of training."""
SIGNS = (1.0, -1.0)

Recall = Callable[[Callable[[], np.ndarray]], np.ndarray]
"""A step of a journal: what it computes is remembered."""


@dataclass(frozen=True)
class ScorerChannels:
    """Channels of a layer in which a direction moves one scorer.

    sign: whether the scorer rises along the direction or falls. dependency: mean change of the
    others in SD where it changes by one, reached: share of the latents that arrive; to first order.
    """

    layer: str
    channels: np.ndarray
    direction: int
    sign: float
    cost: float
    dependency: float
    reached: float

    @property
    def words(self) -> str:
        """For a hint, after the scorer's name."""
        return (
            f"{'rises' if self.sign > 0 else 'falls'} along direction {self.direction}; others "
            f"change {self.dependency:.2f} SD where it changes 1, as {self.reached:.0%} of latents "
            "let it, to first order"
        )


@dataclass(frozen=True, eq=False)
class ChannelSearch:
    """What a search needs; every costly step goes through `recall`, in order.

    draw: the population's latents from `first` on are for measures. step and reach: the walk and
    its longest move, in latent units. groups: at most how many of a layer.
    """

    generator: Generator
    draw: Draw
    first: int
    step: Step
    reach: float
    groups: int
    expression: Expression
    seed: int
    recall: Recall

    def moments(self, reader: FeatureReader) -> Moments:
        """Of the channels of the reader's one layer over the population."""
        told = partial(channel_moments, reader, self.draw, self.first, CHANNELS)
        return Moments.of(self.recall(lambda: told().rows()))

    def of_population(
        self, reader: FeatureReader, moments: Moments, directions: Tensor
    ) -> Iterator[tuple[np.ndarray, str]]:
        """Masks [C] of channels that vary together, and what is to be said of each."""
        groups = self._clustered(reader, moments, self.draw)
        latents = self.draw(self.first, MEASURED)
        away = self.reach / 2 * directions
        moved = self.recall(lambda: channel_changes(reader, self.step, latents, away))
        strengths = np.stack([groups.strength(each) for each in moved])
        for index, mask in enumerate(groups.masks):
            yield mask, f"moved most by direction {strengths[:, index].argmax()}"

    def of_directions(
        self, reader: FeatureReader, directions: Tensor
    ) -> Iterator[tuple[np.ndarray, str]]:
        """Masks [C] of channels that one direction changes together, and which one it is."""
        for place, masks in enumerate(self._masks(reader, directions)):
            for mask in masks:
                yield mask, f"changed together by direction {place}"

    def deviation(self, reader: FeatureReader, judge: Judge) -> np.ndarray:
        """SD [K] of the scores over the population, infinite where a score does not vary."""

        @torch.no_grad()
        def told() -> np.ndarray:
            parts = self.draw(self.first, SCORED).split(BATCH)
            drawn = (self.generator.synthesise(rows, reader.space) for rows in parts)
            scores = torch.cat([judge(images.clamp(-1, 1)) for images in drawn])
            return scores.double().std(0, correction=0).cpu().numpy()

        spread = self.recall(told)
        return np.where(spread > 0, spread, np.inf)

    def of_scorers(
        self,
        reader: FeatureReader,
        directions: Tensor,
        judge: Judge,
        spread: np.ndarray,
        targets: tuple[int, ...],
    ) -> list[ScorerChannels | None]:
        """For every target the best that any direction's own groups are refined to; None where no
        latent arrives. spread: SD [K] of all scores.
        """
        masks = self._masks(reader, directions)
        rows = self.recall(lambda: self._refined(reader, directions, judge, spread, targets, masks))
        (layer,), best = reader.layers, rows[..., 0].reshape(len(targets), -1).argmin(1)
        found: list[ScorerChannels | None] = []
        for told, place in zip(rows, best, strict=True):
            direction, turn = divmod(int(place), len(SIGNS))
            price, dependency, reached = (float(x) for x in told[direction, turn, :3])
            channels = np.flatnonzero(told[direction, turn, 3:])
            chosen = (layer, channels, direction, SIGNS[turn], price, dependency, reached)
            found.append(ScorerChannels(*chosen) if np.isfinite(price) else None)
        return found

    def _refined(
        self,
        reader: FeatureReader,
        directions: Tensor,
        judge: Judge,
        spread: np.ndarray,
        targets: tuple[int, ...],
        masks: list[np.ndarray],
    ) -> np.ndarray:
        """[T, k, signs, 3 + C]: cost, dependency, share that arrives, and the mask."""
        strides = self.reach * torch.tensor(STRIDES).to(directions)
        away = strides[:, None] * directions[:, None]
        latents = self.draw(self.first, TOLD)
        told = channel_effects(reader, judge, self.step, latents, away)
        told /= spread.astype(told.dtype)
        table = np.zeros((len(targets), len(directions), len(SIGNS), 3 + told.shape[1]))
        for place in np.ndindex(*table.shape[:3]):
            target, sign = targets[place[0]], SIGNS[place[2]]
            effects = ChannelEffects(told[place[1]])
            mask = effects.refine(masks[place[1]], target, sign)
            change = effects.of(mask[None])
            measured = (cost(change, target, sign), *side_effects(change, target, sign))
            table[place] = [*np.concatenate(measured), *mask]
        return table

    def _masks(self, reader: FeatureReader, directions: Tensor) -> list[np.ndarray]:
        """bool [R, C] of every direction: channels that it changes together."""
        (spread,) = reader.spread(self.draw(self.first, SPREAD))
        return [self._own(reader, spread, direction) for direction in directions]

    def _own(self, reader: FeatureReader, spread: Tensor, direction: Tensor) -> np.ndarray:
        latents, away = self.draw(self.first, CHANGED), self.reach / 2 * direction
        rows = self.recall(lambda: change_moments(reader, self.step, latents, away, spread).rows())
        moments = Moments.of(rows)
        return self._clustered(reader, moments, self._draw_along(direction)).masks

    def _clustered(self, reader: FeatureReader, moments: Moments, draw: Draw) -> ChannelSubspaces:
        (layer,) = reader.layers
        if self.expression == "ridge":
            expressed = express(moments)
        else:
            expressed = self.recall(
                lambda: express_by_training(self.generator, reader, draw, moments, self.first)
            )
        return cluster_channels(layer, moments, expressed, self.groups)

    def _draw_along(self, direction: Tensor) -> Draw:
        """Latents of the population, each moved along the direction as far as in training."""

        def draw(first: int, count: int) -> Tensor:
            latents = self.draw(first, count)
            chance = torch.Generator().manual_seed((self.seed + first) % 2**63)
            strides = self.reach * (2 * torch.rand((count, 1), generator=chance) - 1)
            return self.step(latents, strides.to(latents) * direction)

        return draw
