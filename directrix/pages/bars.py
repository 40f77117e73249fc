"""Bars: a figure with its interval, drawn to one scale down a column. SVG, for screen and paper."""

from directrix.pages.markup import Cell
from directrix.types import Measured

WIDTH, HEIGHT, EDGE = 110, 16, 3
"""In pixels; EDGE is kept free at either side, for whiskers that end there."""


def bar(figure: Measured, most: float, mark: float | None = None, strong: bool = False) -> Cell:
    """From 0 to `most`. mark: a line across, such as a floor. strong: in the warning colour."""
    low, high = figure.interval
    x = [_place(value, 0.0, most) for value in (0.0, figure.value, low, high)]
    middle = HEIGHT / 2
    line = "" if mark is None else _mark(_place(mark, 0.0, most))
    return _drawing(
        f'<rect class="bar{" strong" if strong else ""}" x="{x[0]}" y="4" '
        f'width="{max(0.0, round(x[1] - x[0], 1))}" height="{HEIGHT - 8}" rx="1.5"/>'
        f'<path class="whisker" d="M{x[2]} {middle}H{x[3]}M{x[2]} 5V11M{x[3]} 5V11"/>{line}',
        f"{figure.value:.3g}, {low:.3g} to {high:.3g}",
    )


def both_ways(figure: Measured, most: float) -> Cell:
    """From the middle, which is 0, to either side as far as `most`."""
    low, high = figure.interval
    zero, value, left, right = (_place(v, -most, most) for v in (0.0, figure.value, low, high))
    start, width = min(zero, value), round(abs(value - zero), 1)
    side = "plus" if figure.value >= 0 else "minus"
    return _drawing(
        f'<rect class="bar {side}" x="{start}" y="4" width="{width}" height="{HEIGHT - 8}" '
        f'rx="1.5"/><path class="whisker" d="M{left} 8H{right}M{left} 5V11M{right} 5V11"/>'
        f"{_mark(zero)}",
        f"{figure.value:+.3g}, {low:+.3g} to {high:+.3g}",
    )


def _drawing(body: Cell, label: str) -> Cell:
    return (
        f'<svg class="bars" width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'role="img" aria-label="{label}">{body}</svg>'
    )


def _mark(x: float) -> Cell:
    return f'<path class="mark" d="M{x} 1V{HEIGHT - 1}"/>'


def _place(value: float, low: float, high: float) -> float:
    """In pixels from the left, inside the drawing."""
    share = (value - low) / ((high - low) or 1.0)
    return round(EDGE + min(max(share, 0.0), 1.0) * (WIDTH - 2 * EDGE), 1)
