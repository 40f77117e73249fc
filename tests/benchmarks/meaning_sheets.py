"""Questions side by side: the original, every way's answer, and what the robust oracle sees."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from directrix.client.sheets import INK, Sheet
from tests.benchmarks.evidence import FOLDER
from tests.benchmarks.meaning_answers import Answer
from tests.benchmarks.meaning_measures import Seen

SHOWN = (
    ("sneaker", "boot"),
    ("sandal", "sneaker"),
    ("t-shirt", "dress"),
    ("dress", "t-shirt"),
    ("pullover", "coat"),
    ("dress", "coat"),
    ("bag", "shirt"),
    ("coat", "shirt"),
)
"""The first question of each; chosen by pair, before any answer was seen."""
CALLED = {
    "ours": "ours",
    "latent_descent": "latent descent",
    "ice": "ICE",
    "attfind": "AttFind",
    "pixel_attack": "pixel attack",
}
SCALE, EDGE, CAPTION = 3, 3, 14
"""Pixels of the sheet: of one of a picture, of the frame around it, of the line below it."""
AGREES, OTHER, PAPER = (40, 150, 80), (200, 60, 40), (255, 255, 255)
"""Frames: the robust oracle sees the target at the wanted probability, or not; around originals."""


def draw(
    answers: Mapping[str, Sequence[Answer]], seen: Mapping[str, Seen], classes: Sequence[str]
) -> Path:
    """build/bench/meaning/meaning.png: a question a row, what the robust oracle sees below."""
    first, looks = next(iter(answers.values())), next(iter(seen.values()))
    pairs = [(a.asked.source, a.asked.target) for a in first]
    places = [pairs.index(pair) for pair in SHOWN]
    rows = [
        (
            _tile(first[i].original, classes[int(looks.robust_before[i].argmax())], PAPER),
            *(
                _tile(
                    made[i].image,
                    classes[int(seen[way].robust_after[i].argmax())],
                    AGREES if seen[way].robust[i] else OTHER,
                )
                for way, made in answers.items()
            ),
        )
        for i in places
    ]
    labels = [f"{source} to {target}" for source, target in SHOWN]
    columns = ("original", *(CALLED[way] for way in answers))
    folder = FOLDER / "meaning"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "meaning.png"
    path.write_bytes(Sheet(tuple(rows), tuple(labels), columns).png(1))
    return path


def _tile(image: np.ndarray, verdict: str, colour: tuple[int, int, int]) -> np.ndarray:
    """uint8 [H, W, 1] -> uint8 [h, w, 3]: enlarged, framed, the verdict below."""
    large = np.repeat(np.repeat(image, SCALE, 0), SCALE, 1)
    height, width = large.shape[0] + 2 * EDGE, large.shape[1] + 2 * EDGE
    paper = np.full((height + CAPTION, width, 3), PAPER, np.uint8)
    paper[:height] = colour
    paper[EDGE : height - EDGE, EDGE : width - EDGE] = large
    drawing = Image.fromarray(paper)
    words = ImageDraw.Draw(drawing)
    ink = INK if colour == PAPER else colour
    words.text((width // 2, height + CAPTION // 2), verdict, ink, anchor="mm")
    return np.asarray(drawing)
