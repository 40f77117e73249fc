"""Flips: which findings turn one class into another, how often, and from how near."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from directrix.audits.answers import slack
from directrix.metrics import bootstrap_interval
from directrix.types import Flips, Named

BEST = 5
"""Findings that are told of for every pair of classes: those that flip most, nearest first."""

LEAST = 4
"""Pictures of a class that make it worth a row."""


@dataclass(frozen=True, eq=False)
class Groups:
    """Subgroups of pictures: names, and who belongs to each [G, n] of bool. The first is all."""

    names: tuple[str, ...]
    members: np.ndarray


@dataclass(frozen=True, eq=False)
class Table:
    """still: log odds [n, K] of the pictures as they are. moved: [F, 2, steps, n, K] of them moved
    along every finding, + before -, at `steps` SD, ascending. probability: what a class has to
    reach for a flip to count; 0 where being the most likely is enough."""

    classes: tuple[str, ...]
    still: np.ndarray
    moved: np.ndarray
    steps: tuple[float, ...]
    probability: float = 0.0

    def distances(self, source: int, target: int | None) -> np.ndarray:
        """[F, m] of the m pictures of the source class: to the flip on the nearer way, linear
        between steps; infinite where there is none within reach."""
        own = self.still.argmax(1) == source
        before = slack(self.still[own], source, target, self.probability)
        after = slack(self.moved[:, :, :, own], source, target, self.probability)
        best = np.full(after.shape[:1] + after.shape[3:], np.inf)
        for way in range(after.shape[1]):
            last, reached = np.broadcast_to(before, best.shape), np.zeros(best.shape, bool)
            for place, step in enumerate(self.steps):
                now, start = after[:, way, place], 0.0 if place == 0 else self.steps[place - 1]
                hit = (now > 0) & ~reached
                share = np.divide(-last, now - last, out=np.ones_like(now), where=now > last)
                found = start + np.clip(share, 0, 1) * (step - start)
                best = np.where(hit, np.minimum(best, found), best)
                last, reached = now, reached | hit
        return best

    def rows(self, named: Sequence[Named], groups: Groups, pairs: int) -> Iterator[Flips]:
        """Every class against any other, then the pairs that flip most; the best findings each."""
        seen = self.still.argmax(1)
        present = [k for k in range(len(self.classes)) if (seen == k).sum() >= LEAST]
        asked: list[tuple[int, int | None]] = [(source, None) for source in present]
        asked += self.frequent(present, pairs)
        for source, target in asked:
            found = self.distances(source, target)
            for index in _best(found):
                yield from self._told(named[index], source, target, found[index], groups)

    def frequent(self, present: Sequence[int], pairs: int) -> list[tuple[int, int]]:
        """Ordered pairs by the largest share that any one finding flips; those that nothing flips
        are left out."""
        strength: dict[tuple[int, int], float] = {}
        for source in present:
            for target in range(len(self.classes)):
                if target != source:
                    found = np.isfinite(self.distances(source, target)).mean(1).max()
                    strength[source, target] = float(found)
        ranked = sorted(strength, key=lambda pair: (-strength[pair], pair))
        return [pair for pair in ranked if strength[pair] > 0][:pairs]

    def _told(
        self, named: Named, source: int, target: int | None, found: np.ndarray, groups: Groups
    ) -> Iterator[Flips]:
        own = self.still.argmax(1) == source
        for name, members in zip(groups.names, groups.members, strict=True):
            distances = found[members[own]]
            if len(distances) < LEAST:
                continue
            flipped = np.isfinite(distances)
            yield Flips(
                finding=named,
                source=self.classes[source],
                target="" if target is None else self.classes[target],
                group=name,
                tried=len(distances),
                share=float(flipped.mean()),
                interval=bootstrap_interval(flipped, seed=0),
                median_sd=float(np.median(distances[flipped])) if flipped.any() else None,
            )


def _best(distances: np.ndarray) -> list[int]:
    """Findings by the share that they flip, the nearer first among equals."""
    flipped = np.isfinite(distances)
    reached = np.where(flipped, distances, 0).sum(1) / np.maximum(flipped.sum(1), 1)
    order = np.lexsort((reached, -flipped.mean(1)))
    return [int(i) for i in order[:BEST] if flipped[i].any()]
