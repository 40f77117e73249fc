"""Filmstrips of the best findings, and one edited picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from directrix.client import Client, Edited, Filmstrip, Recipe
from directrix.client.sheets import Sheet
from directrix.demo.discoveries import Discovered

if TYPE_CHECKING:
    from directrix.types import FindingScore

SEED = 11
INDICES = (0, 1, 2, 3)
ALPHAS = (-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0)
BEST = 3
EDIT_ALPHA = 2.5


@dataclass(frozen=True, eq=False)
class Film:
    """Several samples moved along one finding; to the right its scorer rises."""

    discovered: Discovered
    score: FindingScore
    strips: tuple[Filmstrip, ...]

    @property
    def alphas(self) -> tuple[float, ...]:
        """Along the direction that raises the scorer."""
        return ALPHAS

    @property
    def name(self) -> str:
        return f"{self.discovered.method}-{self.score.index}"

    def sheet(self) -> Sheet:
        return Sheet(
            rows=tuple(tuple(f.image for f in strip.frames) for strip in self.strips),
            row_labels=tuple(f"#{index}" for index in INDICES),
            column_labels=tuple(f"{a:+g} SD" if a else "as it is" for a in ALPHAS),
            title=f"{self.discovered.method} {self.score.index}: {self.score.target}",
        )


@dataclass(frozen=True, eq=False)
class Edit:
    """One picture before and after, rendered twice: the same recipe, the same bytes."""

    discovered: Discovered
    score: FindingScore
    index: int
    alpha: float
    before: Edited
    after: Edited
    recipe: Recipe
    repeats: bool


def shoot(client: Client, discovered: Discovered) -> list[Film]:
    """A film of each of the best findings of one discovery."""
    return [_film(client, discovered, score) for score in discovered.best(BEST)]


def edit(client: Client, discovered: Discovered) -> Edit:
    """Moves the sample that the best finding changes most visibly, of those in the films."""
    (score,) = discovered.best(1)
    alpha = score.sign * EDIT_ALPHA
    before = [_edit(client, discovered, index, ()) for index in INDICES]
    moves = ((discovered.finding_set, score.index, alpha),)
    after = [_edit(client, discovered, index, moves) for index in INDICES]
    pairs = zip(before, after, strict=True)
    change = [float(np.abs(a.image.astype(int) - b.image).mean()) for b, a in pairs]
    chosen = int(np.argmax(change))
    again = client.edit(after[chosen].recipe)
    return Edit(
        discovered=discovered,
        score=score,
        index=INDICES[chosen],
        alpha=alpha,
        before=before[chosen],
        after=after[chosen],
        recipe=after[chosen].recipe,
        repeats=again.digest == after[chosen].digest,
    )


def _edit(client: Client, discovered: Discovered, index: int, moves: tuple) -> Edited:
    subject = discovered.subject
    return client.edit(
        subject.generator.name,
        subject.judges,
        seed=SEED,
        index=index,
        truncation=subject.truncation,
        moves=moves,
    )


def _film(client: Client, discovered: Discovered, score: FindingScore) -> Film:
    subject = discovered.subject
    strips = tuple(
        client.filmstrip(
            subject.generator.name,
            (discovered.finding_set, score.index),
            [score.sign * alpha for alpha in ALPHAS],
            seed=SEED,
            index=index,
            truncation=subject.truncation,
        )
        for index in INDICES
    )
    return Film(discovered, score, strips)
