"""Pictures of an audit: the same picture before and after one finding has moved, and between."""

from collections.abc import Sequence
from dataclasses import dataclass

from directrix.client.pictures import encode_png
from directrix.pages.markup import Cell, picture, text
from directrix.types import AuditRecord, Named, Shot
from directrix.wire.differences import difference

WIDTH = 92
"""Of a picture, in pixels of the screen."""


@dataclass(frozen=True, eq=False)
class Shown:
    """One finding and the pictures that it turns into another class."""

    finding: Named
    shots: tuple[Shot, ...]


def pictures(record: AuditRecord, shown: Sequence[Shown]) -> Cell:
    """A row a finding; nothing where nothing flips."""
    rows = [_finding(record, each) for each in shown if each.shots]
    if not rows:
        return ""
    return (
        "<h2>Pictures that one finding flips</h2>"
        "<p>For the findings at the head of the table: a picture as it is, the same picture with "
        "this one finding moved just far enough, and what has changed (warm is brighter, cool "
        "darker). They are examples, those that flip first; how often it happens is told below."
        f"</p>{''.join(rows)}"
    )


def _finding(record: AuditRecord, shown: Shown) -> Cell:
    row = next(each for each in record.audit.reliance if each.finding == shown.finding)
    tag = ' <span class="tag accused">accused</span>' if row.accused else ""
    shots = "".join(map(_shot, shown.shots))
    return (
        f'<section class="shots"><h4>{text(record.title(shown.finding))} '
        f'<small class="place">{text(place(shown.finding))}</small>{tag}</h4>'
        f'<div class="pair">{shots}</div></section>'
    )


def _shot(shot: Shot) -> Cell:
    three = (
        (shot.original, "as it is"),
        (shot.answer, f"moved by {shot.alpha:+.3g} SD"),
        (difference(shot.original, shot.answer), "difference"),
    )
    cells = "".join(picture(encode_png(image), WIDTH, label) for image, label in three)
    return (
        f'<figure class="shot"><div class="three">{cells}</div><figcaption>'
        f"<b>{text(shot.source)} &rarr; {text(shot.target)}</b> at {shot.alpha:+.3g} SD, "
        f"{shot.before:.0%} &rarr; {shot.after:.0%}; picture {shot.sample}</figcaption></figure>"
    )


def place(finding: Named) -> str:
    """A finding's set, shortened as resource names are, and its place there."""
    return f"f{finding.finding_set[:6]}:{finding.index}"
