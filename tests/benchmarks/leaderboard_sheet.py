"""A sheet of what a leaderboard's figures are of: one sample along every method's best finding."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from directrix.archive import finding_set_digest
from directrix.client.sheets import Sheet
from directrix.generators import Generator
from directrix.predictors import Predictor
from directrix.rendering import Renderer
from directrix.types import (
    FindingRef,
    FindingScore,
    FindingSet,
    Move,
    Recipe,
    SeedSource,
    Space,
    Subspace,
)

STEPS = (-2.0, -1.0, 0.0, 1.0, 2.0)
SEED, SEEN = 11, 16
"""Samples one of which is shown."""


@dataclass(frozen=True, eq=False)
class Line:
    """One method's best finding for a target: its set, its score, how it is called."""

    label: str
    findings: FindingSet
    score: FindingScore


def draw(
    generator: Generator,
    judge: Predictor,
    lines: Sequence[Line],
    alphas: tuple[float, ...],
    target: str,
    scale: int = 3,
) -> bytes:
    """PNG: changes of the target from -2 to 2 SD; grey where a finding does not reach one."""
    sample = _lacking(generator, judge, target)
    rows = tuple(_row(generator, line, alphas, sample) for line in lines)
    sheet = Sheet(
        rows=rows,
        row_labels=tuple(line.label for line in lines),
        column_labels=tuple(f"{step:+g} SD" if step else "as it is" for step in STEPS),
        title=target.replace("_", " "),
    )
    return sheet.png(scale)


def _lacking(generator: Generator, judge: Predictor, target: str) -> int:
    """Of the first samples the one in the middle of those that lack the target: room for both."""
    renderer = Renderer(generator, [judge], {}.__getitem__)
    scores = renderer.score(renderer.sample(SEED, 0, SEEN, Space.W))[:, judge.index(target)]
    return int(np.argsort(scores, kind="stable")[SEEN // 4])


def _row(
    generator: Generator, line: Line, alphas: tuple[float, ...], sample: int
) -> tuple[np.ndarray, ...]:
    digest = finding_set_digest(line.findings)
    renderer = Renderer(generator, [], {digest: line.findings}.__getitem__)
    image = generator.card.image
    empty = np.full((image.height, image.width, image.channels), 225, np.uint8)
    finding = line.findings.findings[line.score.index]
    first_row = (1.0, *[0.0] * (len(finding.basis) - 1)) if isinstance(finding, Subspace) else ()
    pictures = []
    for step in STEPS:
        alpha = line.score.strength(alphas, step)
        if alpha is None:
            pictures.append(empty)
            continue
        move = Move(FindingRef(digest, line.score.index), alpha, first_row)
        recipe = Recipe(generator.card.digest, SeedSource(SEED, sample), moves=(move,))
        pictures.append(renderer.render([renderer.plan(recipe)]).images[0])
    return tuple(pictures)
