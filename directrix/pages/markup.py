"""Small pieces of HTML: documents, pictures as data URIs, tables, curves. Text is escaped here."""

import base64
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path

from directrix.client import Explanation

Cell = str
"""Already HTML."""
FIRST = ' class="first"'


def document(title: str, body: Cell) -> str:
    """A whole page that needs nothing but itself."""
    css = Path(__file__).with_name("page.css").read_text("utf-8")
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{css}</style></head>"
        f"<body><main>{body}</main></body></html>\n"
    )


def text(value: object) -> Cell:
    return escape(str(value))


def picture(png: bytes, width: int, alt: str) -> Cell:
    """A PNG inside the page, enlarged without smoothing."""
    data = base64.b64encode(png).decode()
    return f'<img src="data:image/png;base64,{data}" width="{width}" alt="{escape(alt)}">'


def table(head: Sequence[str], groups: Iterable[Sequence[Sequence[Cell]]]) -> Cell:
    """Columns whose name starts with ">" hold numbers. Each group begins with a rule."""
    numbers = [name.startswith(">") for name in head]
    names = "".join(
        f'<th scope="col"{_number(n)}>{escape(name.lstrip(">"))}</th>'
        for name, n in zip(head, numbers, strict=True)
    )
    rows = []
    for group in groups:
        for place, row in enumerate(group):
            cells = "".join(
                f"<td{_number(n)}>{cell}</td>" for cell, n in zip(row, numbers, strict=True)
            )
            rows.append(f"<tr{FIRST if place == 0 else ''}>{cells}</tr>")
    body = "".join(rows)
    head_row = f"<thead><tr>{names}</tr></thead>"
    return f'<div class="wide"><table>{head_row}<tbody>{body}</tbody></table></div>'


def heat(rows: Sequence[tuple[Cell, Sequence[float]]], columns: Sequence[str]) -> Cell:
    """Numbers on colours: warm above zero, cool below, strongest at the largest of all."""
    peak = max((abs(v) for _, values in rows for v in values), default=1.0) or 1.0
    names = "".join(f'<th class="h" scope="col">{escape(name)}</th>' for name in columns)
    body = "".join(
        f'<tr><th scope="row">{label}</th>' + "".join(_warmth(v, peak) for v in values) + "</tr>"
        for label, values in rows
    )
    return (
        f'<div class="wide"><table class="heat"><thead><tr><td></td>{names}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def curve(answer: Explanation, width: int = 220, height: int = 84) -> Cell:
    """The margin along the path: below zero the classifier still says something else."""
    points = sorted((p.distance, p.margin) for p in answer.curve)
    if len(points) < 2:
        return ""
    far = points[-1][0] or 1.0
    low, high = min(0.0, *(m for _, m in points)), max(0.0, *(m for _, m in points))
    span = (high - low) or 1.0

    def place(distance: float, margin: float) -> tuple[float, float]:
        x = 6 + distance / far * (width - 12)
        return round(x, 1), round(16 + (high - margin) / span * (height - 36), 1)

    path = " ".join(f"{x},{y}" for x, y in (place(*point) for point in points))
    _, zero = place(0, 0)
    return (
        f'<svg width="{width}" height="{height}" role="img" aria-label="margin along the path">'
        f'<line class="zero" x1="6" x2="{width - 6}" y1="{zero}" y2="{zero}"/>'
        f'<polyline class="curve" points="{path}"/>'
        f'<text x="6" y="10">margin</text>'
        f'<text x="{width - 6}" y="{height - 4}" text-anchor="end">{far:.1f} SD</text></svg>'
    )


def _warmth(value: float, peak: float) -> Cell:
    name = "plus" if value > 0 else "minus"
    strength = 0.75 * min(1.0, abs(value) / peak)
    style = f"background: rgba(var(--{name}), {strength:.2f})"
    shown = f"{value:+.1f}" if abs(value) >= 0.05 else "0"
    return f'<td class="h" style="{style}">{shown}</td>'


def _number(right: bool) -> str:
    return ' class="n"' if right else ""
