"""Span: whether a classifier answers by something that the generator cannot make.

An image is compared with its inversion, the nearest that the generator can make. Where classifier
and inversion part, one looks for the reason: the image's cells are put into the inversion, and the
smallest square of them that brings the image's class back is the reason if it is small, if the
reference (who is trusted) sees the same class in image and inversion, and if squares of that size
elsewhere do not do the same. Where such squares come often and most of them lie in one place of
three cells to a side, which a seventh of them does by chance, the classifier answers by what lies
there, and the generator cannot make it.

Source: written for Directrix. That an inversion must be checked before an explanation is in
Lang et al., "Explaining in Style" (arXiv 2104.13369), section 3.
"""

from collections.abc import Callable, Iterator

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from directrix.metrics import bootstrap_interval
from directrix.types import Measured, Span, SpanVerdict

CELLS = 8
"""Cells to a side."""

SIZES = (1, 2, 3)
"""Squares that are tried, in cells to a side: at most a seventh of the picture."""

FEWEST = 8
"""Images below which nothing is told."""

SHARE = 0.1
"""Of images that have to be explained by a small square, at the interval's lower end: less than
that happens by errors of the inversion."""

WINDOW, GATHERED = 3, 0.5
"""Cells to a side of the place that squares are to lie in, and the share of them that has to."""

FAITHFUL = 0.6
"""Inversions that keep the reference's class: with fewer of them the inversion is at fault."""

Answer = Callable[[np.ndarray], np.ndarray]
"""Pictures uint8 [N, H, W, C] -> classes [N]."""


def squares(height: int, width: int, size: int) -> Iterator[tuple[int, int, int, int]]:
    """Top, left, bottom, right in pixels of all squares of `size` cells."""
    rows, columns = (np.arange(CELLS + 1) * n // CELLS for n in (height, width))
    for top in range(CELLS - size + 1):
        for left in range(CELLS - size + 1):
            yield rows[top], columns[left], rows[top + size], columns[left + size]


def regions(images: np.ndarray, inversions: np.ndarray, says: Answer) -> dict[str, np.ndarray]:
    """For images [N, H, W, C] and their inversions, of which the classifier says another class.

    size [N]: of the smallest squares that bring the class back, 0 where none does. heat
    [N, CELLS, CELLS]: which cells they cover, shares that sum to 1; rate [N]: the share of that
    size's squares that bring it back.
    """
    count, height, width = images.shape[:3]
    size, rate = np.zeros(count, int), np.zeros(count)
    heat = np.zeros((count, CELLS, CELLS))
    wanted = says(images)
    for place in range(count):
        for cells in SIZES:
            boxes = list(squares(height, width, cells))
            pasted = np.repeat(inversions[place : place + 1], len(boxes), 0)
            for row, (top, left, bottom, right) in enumerate(boxes):
                pasted[row, top:bottom, left:right] = images[place, top:bottom, left:right]
            back = says(pasted) == wanted[place]
            if back.any():
                size[place], rate[place] = cells, back.mean()
                heat[place] = _heat(np.flatnonzero(back), cells)
                break
    return {"size": size, "heat": heat, "rate": rate}


def judge_span(
    kept: np.ndarray,
    trusted: np.ndarray | None,
    found: dict[str, np.ndarray],
    errors: np.ndarray,
) -> Span:
    """kept [N]: whether the classifier says the same of image and inversion. trusted [N]: the same
    of the reference, None without one. found: `regions` of all N, size 0 where it is kept. errors
    [N]: mean squared errors of the inversions."""
    count = len(kept)
    fair = np.ones(count, bool) if trusted is None else trusted
    explained = ~kept & fair & (found["size"] > 0)
    share = _measured(explained)
    common = found["heat"][explained].mean(0) if explained.any() else np.zeros((CELLS, CELLS))
    return Span(
        verdict=_verdict(count, share, trusted, explained, kept, found, common),
        images=count,
        label_kept=_measured(kept),
        reference_kept=None if trusted is None else _measured(trusted),
        explained=share,
        chance=float(found["rate"][explained].mean()) if explained.any() else 0.0,
        region=_box(common) if explained.any() else None,
        error=float(np.median(errors)),
    )


def _verdict(
    count: int,
    share: Measured,
    trusted: np.ndarray | None,
    explained: np.ndarray,
    kept: np.ndarray,
    found: dict[str, np.ndarray],
    common: np.ndarray,
) -> SpanVerdict:
    if count < FEWEST or (trusted is not None and trusted.mean() < FAITHFUL):
        return SpanVerdict.UNTOLD
    if share.interval[0] >= SHARE and _gathered(common) >= GATHERED:
        return SpanVerdict.OUTSIDE
    if trusted is None and kept.mean() < FAITHFUL:
        return SpanVerdict.UNTOLD
    return SpanVerdict.INSIDE


def _heat(places: np.ndarray, size: int) -> np.ndarray:
    """[CELLS, CELLS], sum 1: how much of the squares at these places lies in each cell."""
    heat, side = np.zeros((CELLS, CELLS)), CELLS - size + 1
    for place in places:
        top, left = divmod(int(place), side)
        heat[top : top + size, left : left + size] += 1
    return np.asarray(heat / heat.sum())


def _gathered(heat: np.ndarray) -> float:
    """The largest share of the heat that lies in one place of WINDOW cells to a side."""
    return float(sliding_window_view(heat, (WINDOW, WINDOW)).sum((2, 3)).max())


def _measured(flags: np.ndarray) -> Measured:
    value = float(flags.mean())
    return Measured(value=value, interval=bootstrap_interval(flags, seed=0))


def _box(heat: np.ndarray) -> tuple[float, float, float, float]:
    """What holds the cells that are at least half as common as the most common one."""
    rows, columns = np.nonzero(heat >= heat.max() / 2)
    top, left = rows.min() / CELLS, columns.min() / CELLS
    return top, left, (rows.max() + 1) / CELLS, (columns.max() + 1) / CELLS
