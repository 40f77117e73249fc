"""Global directions: one movement that turns most pictures of a class into another.

The few findings that raise the margin most over one half of the class's pictures are moved
together, each as far as its gain says; the other half tells how many flip.
"""

from collections.abc import Iterator

import numpy as np

from directrix.audits.answers import margin, probabilities
from directrix.audits.flips import LEAST, Table
from directrix.audits.walks import Stop, Walks
from directrix.metrics import bootstrap_interval
from directrix.types import GlobalDirection, Measured, Stride

TOGETHER = 3
"""Findings in a movement at most."""

ENOUGH = 0.8
"""Share of the pictures that a movement has to flip to go no farther."""

Movement = tuple[tuple[int, float], ...]


def search(walks: Walks, table: Table, stop: Stop) -> dict[str, np.ndarray]:
    """pairs [P, 2]; alphas [P, F] in SD; flipped [P, n]: 1 or 0 of the held-out half of the
    source class, -1 of all other pictures."""
    seen = table.still.argmax(1)
    present = [k for k in range(len(table.classes)) if (seen == k).sum() >= 2 * LEAST]
    pairs = table.frequent(present, walks.question.pairs)
    alphas = np.zeros((len(pairs), len(table.moved)))
    flipped = np.full((len(pairs), len(seen)), -1)
    for row, (source, target) in enumerate(pairs):
        own = np.flatnonzero(seen == source)
        learnt, held = own[::2], own[1::2]
        ways = _ways(table, learnt, source, target)
        for movement, last in _trials(ways, table.steps):
            turned = _turned(walks, learnt, movement, target, stop)
            if last or turned.mean() >= ENOUGH:
                alphas[row, [index for index, _ in movement]] = [a for _, a in movement]
                flipped[row, held] = _turned(walks, held, movement, target, stop)
                break
    return {"pairs": np.array(pairs, int).reshape(-1, 2), "alphas": alphas, "flipped": flipped}


def tell(
    walks: Walks, classes: tuple[str, ...], found: dict[str, np.ndarray]
) -> Iterator[GlobalDirection]:
    """The rows, those that flip most first; movements that flip nothing are left out."""
    rows = []
    for (source, target), alphas, flipped in zip(
        found["pairs"], found["alphas"], found["flipped"], strict=True
    ):
        tried = flipped[flipped >= 0]
        if not len(tried) or not tried.any():
            continue
        used = sorted(np.flatnonzero(alphas), key=lambda i: -abs(alphas[i]))
        share = Measured(value=float(tried.mean()), interval=bootstrap_interval(tried, seed=0))
        rows.append(
            GlobalDirection(
                source=classes[source],
                target=classes[target],
                strides=tuple(Stride(finding=walks.named[i], alpha=float(alphas[i])) for i in used),
                distance_sd=float(np.linalg.norm(alphas)),
                share=share,
                tried=len(tried),
            )
        )
    yield from sorted(rows, key=lambda row: (-row.share.value, row.distance_sd))


def _ways(table: Table, rows: np.ndarray, source: int, target: int) -> list[tuple[int, float]]:
    """Findings with the gain of margin per SD, sign included, the largest first."""
    before = margin(table.still[rows], source, target)
    after = margin(table.moved[:, :, 0][:, :, rows], source, target)
    gains = (after - before).mean(2)
    way = gains.argmax(1)
    best = gains.max(1)
    order = np.argsort(-best, kind="stable")[:TOGETHER]
    return [(int(i), float(best[i] * (1 - 2 * way[i]))) for i in order if best[i] > 0]


def _trials(
    ways: list[tuple[int, float]], steps: tuple[float, ...]
) -> Iterator[tuple[Movement, bool]]:
    """One finding at every step, then two, then three; the last is marked."""
    for count in range(1, len(ways) + 1):
        gains = np.array([gain for _, gain in ways[:count]])
        unit = gains / np.linalg.norm(gains)
        for step in steps:
            movement = tuple(
                (i, float(step * u)) for (i, _), u in zip(ways[:count], unit, strict=True)
            )
            yield movement, count == len(ways) and step == steps[-1]


def _turned(
    walks: Walks, rows: np.ndarray, movement: Movement, target: int, stop: Stop
) -> np.ndarray:
    """[rows]: whether each picture, moved, is seen as the target, as surely as is asked."""
    question = walks.question
    _, scores = walks.look([walks.recipe(int(row), movement) for row in rows], stop)
    card = walks.predictors[question.classifier].card
    own = scores[:, walks.columns(question.classifier)]
    chance = probabilities(card, own)[:, target]
    turned = own.argmax(1) == target
    return np.asarray(turned & (chance >= question.target_probability))
