"""Answers as a reader wants to see them: before, after, what became of it, and what was moved."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont

from directrix.counterfactuals import explain
from directrix.types import Counterfactual, Status
from directrix.wire.differences import difference
from tests.benchmarks.evidence import FOLDER
from tests.benchmarks.explain_answers import begin
from tests.benchmarks.explain_questions import Asked
from tests.benchmarks.explain_worlds import subject

SHOWN = (
    ("generated", "sneaker", "boot"),
    ("generated", "t-shirt", "dress"),
    ("real", "sandal", "sneaker"),
    ("real", "coat", "pullover"),
    ("avatars", "plain", "glasses"),
    ("avatars", "glasses_and_age_lines", "age_lines"),
    ("smile", "not happy", "happy"),
    ("gender", "male", "not male"),
)
"""The first question of each; chosen by pair, before any answer was seen."""
TILE, GAP, TEXT, TOP, SIZE = 132, 8, 330, 26, 13
"""Pixels of the sheet: a picture, between two, the words beside, the line above, the font."""
INK, FAINT, PAPER = (40, 40, 48), (120, 120, 130), (255, 255, 255)
FEW = 4
"""Findings that are told one by one."""
COLUMNS = ("as it is", "the least that changes it", "difference")


@dataclass(frozen=True, eq=False)
class Shown:
    """pictures: uint8 [H, W, C] under each of COLUMNS. words: what is said beside them."""

    pictures: tuple[np.ndarray, ...]
    words: tuple[str, ...]


def chosen() -> list[tuple[str, Asked]]:
    """Kind and question of each that is shown."""
    return [
        (kind, next(q for q in subject(kind).questions if (q.source, q.target) == (source, target)))
        for kind, source, target in SHOWN
    ]


def show(kind: str, asked: Asked, inverted: Sequence[object] = ()) -> Shown:
    """In a process of its own. inverted: the latent of a real picture."""
    torch.set_num_threads(1)
    world = subject(kind)
    found = explain(begin(world, asked, inverted).question, world.renderer)
    pictures = (found.original, found.image, difference(found.original, found.image))
    names = [
        *(scorer.replace("_", " ") for scorer in world.named),
        *(f"SeFa {i + 1}" for i in range(len(world.renderer.findings(world.findings).findings))),
    ]
    return Shown(pictures, tuple(_words(found, names)))


def _words(found: Counterfactual, names: Sequence[str]) -> Iterable[str]:
    source, target = (c.replace("_", " ") for c in (found.source_class, found.target_class))
    if found.status is not Status.FOUND:
        yield f"{source}; not found: {target}"
        return
    yield f"{source}, {1 - found.probability_before:.0%} sure it is not {target}"
    yield f"{target}, {found.probability_after:.0%}"
    gain = found.margin_after - found.margin_before
    largest = sorted(found.moved, key=lambda moved: -abs(moved.alpha))
    for moved in largest[:FEW]:
        share = "" if moved.contribution is None else f", {moved.contribution / gain:.0%} of it"
        yield f"    {names[moved.index]} {moved.alpha:+.2f} SD{share}"
    if len(largest) > FEW:
        yield f"    and {len(largest) - FEW} more"


def draw(shown: Sequence[Shown]) -> Path:
    """build/bench/explain/explanations.png: an answer a row."""
    step = TILE + GAP
    width, height = len(COLUMNS) * step + TEXT, TOP + len(shown) * step
    sheet = Image.new("RGB", (width, height), PAPER)
    words = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(SIZE)
    for place, column in enumerate(COLUMNS):
        words.text((place * step + TILE // 2, TOP // 2), column, FAINT, font, anchor="mm")
    for row, each in enumerate(shown):
        top = TOP + row * step
        for place, picture in enumerate(each.pictures):
            sheet.paste(_tile(picture), (place * step, top))
        for line, text in enumerate(each.words):
            ink = INK if line < 2 else FAINT
            at = (len(COLUMNS) * step + GAP, top + 10 + line * (SIZE + 6))
            words.text(at, text, ink, font)
    folder = FOLDER / "explain"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "explanations.png"
    sheet.save(path, optimize=True)
    return path


def _tile(picture: np.ndarray) -> Image.Image:
    """Small pictures pixel by pixel, large ones smoothly."""
    image = Image.fromarray(picture.squeeze()).convert("RGB")
    way = Image.Resampling.NEAREST if image.width < TILE else Image.Resampling.LANCZOS
    return image.resize((TILE, TILE), way)
