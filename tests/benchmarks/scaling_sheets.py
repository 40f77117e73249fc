"""Shares over numbers of workers as one picture: build/bench/scaling.png."""

from collections.abc import Mapping, Sequence
from math import log10

from PIL import Image, ImageDraw, ImageFont

from tests.benchmarks.evidence import FOLDER

SIZE, LEFT, RIGHT, TOP, BOTTOM = (760, 420), 60, 150, 24, 48
INK, FAINT, PAPER = (40, 40, 48), (210, 210, 216), (255, 255, 255)
COLOURS = ((40, 40, 48), (200, 60, 50), (40, 110, 190), (60, 150, 80))

Curves = Sequence[tuple[int, Mapping[str, float]]]
"""(workers, name -> share in [0, 1]), in the order of the workers."""


def draw(curves: Curves) -> None:
    """Workers on a logarithmic axis; names beside the ends of their lines."""
    image = Image.new("RGB", SIZE, PAPER)
    pen, font = ImageDraw.Draw(image), ImageFont.load_default(13)
    for tenth in range(0, 11, 2):
        y = _y(tenth / 10)
        pen.line([(LEFT, y), (SIZE[0] - RIGHT, y)], FAINT)
        pen.text((LEFT - 8, y), f"{tenth * 10} %", INK, font, anchor="rm")
    most = curves[-1][0]
    for workers, _ in curves:
        pen.text((_x(workers, most), SIZE[1] - BOTTOM + 8), str(workers), INK, font, anchor="mt")
    pen.text((SIZE[0] // 2 - 40, SIZE[1] - 8), "workers", INK, font, anchor="mb")
    names = list(curves[0][1])
    ends = _apart([_y(curves[-1][1][name]) for name in names])
    for name, colour, end in zip(names, COLOURS, ends, strict=True):
        line = [(_x(workers, most), _y(shares[name])) for workers, shares in curves]
        pen.line(line, colour, 3)
        words = name if name == "efficiency" else f"{name} busy"
        pen.text((SIZE[0] - RIGHT + 8, end), words, colour, font, anchor="lm")
    FOLDER.mkdir(parents=True, exist_ok=True)
    image.save(FOLDER / "scaling.png")


def _x(workers: int, most: int) -> float:
    return LEFT + (SIZE[0] - LEFT - RIGHT) * log10(workers) / log10(most)


def _y(share: float) -> float:
    return SIZE[1] - BOTTOM - (SIZE[1] - TOP - BOTTOM) * min(share, 1.0)


def _apart(heights: Sequence[float], least: float = 16.0) -> list[float]:
    """Heights of words, moved so that none covers another."""
    moved: dict[int, float] = {}
    last = -least
    for place in sorted(range(len(heights)), key=heights.__getitem__):
        last = moved[place] = max(heights[place], last + least)
    return [moved[place] for place in range(len(heights))]
