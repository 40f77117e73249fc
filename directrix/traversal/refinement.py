"""Which channels of a group to keep so that one scorer changes and little else does.

What the channels do is told to first order (`directrix.traversal.attribution`); a group is refined
by taking in or leaving out one channel at a time while the side effects fall.
"""

from dataclasses import dataclass

import numpy as np

CHANGE = 1.0
"""How far the scorer is to go, in its SD."""
REACH = 0.65
"""Share of the latents that is to arrive there."""
SHORT = 3.0
"""Cost, in SD of side effects, of a share of 1 that falls short of REACH."""
GAIN = 1e-3
"""SD of side effects by which one more step has to lessen them."""


@dataclass(frozen=True, eq=False)
class ChannelEffects:
    """Of one direction. effects: float [C, S, n, K], change of every scorer by every channel, in
    the scorer's SD, at S rising strides from n latents.
    """

    effects: np.ndarray

    def of(self, masks: np.ndarray) -> np.ndarray:
        """What groups of channels, bool [B, C], change: [B, S, n, K]."""
        return np.stack([self.effects[mask].sum(0) for mask in masks])

    def refine(self, groups: np.ndarray, target: int, sign: float) -> np.ndarray:
        """The channels, bool [C], that the best of the groups, bool [B, C], comes to.

        sign: whether the target is to rise (1) or to fall (-1). Never without any channel.
        """
        changes = self.of(groups)
        best = int(cost(changes, target, sign).argmin())
        mask, change = groups[best].copy(), changes[best]
        least = float(cost(change[None], target, sign)[0])
        while True:
            turns = np.where(mask, -1.0, 1.0).astype(self.effects.dtype)
            tried = cost(change + turns[:, None, None, None] * self.effects, target, sign)
            if mask.sum() == 1:
                tried[mask] = np.inf
            turned = int(tried.argmin())
            if not np.isfinite(tried[turned]) or tried[turned] > least - GAIN:
                return mask
            least, change = float(tried[turned]), change + turns[turned] * self.effects[turned]
            mask[turned] = ~mask[turned]


def cost(changes: np.ndarray, target: int, sign: float) -> np.ndarray:
    """[B]: mean side effects in SD, and what it costs that too few latents arrive.

    changes: [B, S, n, K] in SD, as `ChannelEffects.of` gives them.
    """
    dependency, reached = side_effects(changes, target, sign)
    worst = np.where(reached > 0, dependency, np.inf)
    return np.asarray(worst + SHORT * np.maximum(0.0, REACH - reached))


def side_effects(changes: np.ndarray, target: int, sign: float) -> tuple[np.ndarray, np.ndarray]:
    """Mean change [B] of the other scorers, in SD, where the target first changes by CHANGE SD,
    over the latents at which it does (0 where there are none), and their share [B].

    changes: [B, S, n, K]; linear between two strides, 0 before the first.
    """
    changes = np.concatenate([np.zeros_like(changes[:, :1]), changes], 1)
    along = sign * changes[..., target]
    above = along >= CHANGE
    arrived = np.asarray(above.any(1))
    after = np.maximum(above.argmax(1), 1)[:, None]
    start, end = np.take_along_axis(along, after - 1, 1), np.take_along_axis(along, after, 1)
    share = (CHANGE - start) / np.where(arrived[:, None], end - start, 1.0)
    low = np.take_along_axis(changes, after[..., None] - 1, 1)
    high = np.take_along_axis(changes, after[..., None], 1)
    sizes = np.abs(low + share[..., None] * (high - low))[:, 0]
    others = (sizes.sum(-1) - sizes[..., target]) / max(1, sizes.shape[-1] - 1)
    total = np.where(arrived, others, 0.0).sum(1)
    return total / np.maximum(arrived.sum(1), 1), arrived.mean(1)
