"""A comparison as a page, as rows of a table, and as films of what the numbers are of."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from directrix.client.names import short
from directrix.pages.markup import Cell, document, heat, picture, table, text

if TYPE_CHECKING:
    from directrix.client import Client, Filmstrip
    from directrix.types import ComparedSet, Comparison, FindingScore, MatchedScore

STEPS = (-2.0, -1.0, 0.0, 1.0, 2.0)
"""SDs of the target that films are made of."""
SEED = 11
MOST_FILMS = 6
"""Targets whose pictures are shown."""
NOW = ' class="now"'

COLUMNS: Mapping[str, tuple[str, str]] = {
    "dependency_mean_sd": ("mean dependency", "{:.2f}"),
    "dependency_max_sd": ("max dependency", "{:.2f}"),
    "frechet": ("Frechet", "{:.3g}"),
    "identity": ("identity", "{:.2f}"),
    "area": ("area", "{:.0%}"),
    "log_density": ("log density", "{:+.1f}"),
    "norm_ratio": ("norm", "{:.2f}"),
}
WORDS = (
    ("Mean and max dependency", "what else changes when the target has changed by that much: mean "
     "and maximum over the other scorers, each in its own SD"),
    ("Frechet", "the distance between the features of the pictures before and after"),
    ("Identity", "the cosine between embeddings before and after, where an embedder judges"),
    ("Area", "the share of the picture that holds 90 % of its squared change"),
    ("Log density, norm", "the mean change of the latents' log density in nats, and their length "
     "as a multiple of that before"),
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Film:
    """One sample at changes of the target of -2 to 2 SD, None where a change is not reached."""

    target: str
    label: str
    score: FindingScore
    frames: tuple[tuple[float, bytes | None], ...]
    """(change of the target in SD, PNG)."""


def rows(comparison: Comparison) -> list[dict[str, object]]:
    """One flat row a set, target and change: what CSV and programs get."""
    found = []
    for each in comparison.sets:
        head = {
            "finding_set": short(each.finding_set),
            "method": each.method,
            "version": each.version,
            "spaces": " ".join(each.spaces),
            "findings": each.findings,
            "named": each.named,
            "independent": each.independent,
            "random_floor_sd": each.random_floor_sd,
        }
        entries: list[tuple[str, FindingScore | None, MatchedScore]] = [
            *(("(median)", None, medians) for medians in each.medians),
            *((s.target, s, matched) for s in each.best for matched in s.matched),
        ]
        found += [{**head, **_row(*entry)} for entry in entries]
    return found


def to_csv(comparison: Comparison) -> str:
    """The rows with a line of names."""
    found = rows(comparison)
    file = io.StringIO()
    writer = csv.DictWriter(file, list(found[0]) if found else [], lineterminator="\n")
    writer.writeheader()
    writer.writerows(found)
    return file.getvalue()


def shoot(client: Client, generator: str, comparison: Comparison) -> list[Film]:
    """A film of the best finding of every set for the targets that most sets name.

    Strengths are those of the scorecards' calibration. Raises ApiError.
    """
    films = []
    for target in comparison.targets[:MOST_FILMS]:
        for each in comparison.sets:
            score = each.on(target)
            if score is not None:
                films.append(_film(client, generator, each, score, comparison.alphas))
    return films


def page(comparison: Comparison, films: Sequence[Film] = (), title: str = "") -> str:
    """The whole document."""
    heading = title or "Finding sets beside one another"
    judges = ", ".join(dict.fromkeys(ref.scorer for ref in comparison.scorers))
    unseen = all(each.independent for each in comparison.sets)
    seen = "no method has seen" if unseen else "not every method was kept away from (see below)"
    words = "".join(f"<li><b>{name}</b>: {text(meaning)}</li>" for name, meaning in WORDS)
    body = (
        f"<header><h1>{text(heading)}</h1>"
        f'<p class="lead">{len(comparison.sets)} finding sets of one generator, judged alike: on '
        f"{comparison.samples} latents that no method has seen, by scorers that {seen}.</p>"
        f"<p>Scorers: {text(judges)}.</p></header>"
        "<h2>Sets</h2><p>Medians over the findings that move a score more than random ones do "
        "and reach that change of their target.</p>"
        f"{_summary(comparison)}<ul>{words}</ul>"
        f"{_targets(comparison)}{_matrix(comparison)}{_films(films)}"
    )
    return document(heading, body)


def _row(target: str, score: FindingScore | None, matched: MatchedScore) -> dict[str, object]:
    mean = matched.dependency_mean_interval_sd or (None, None)
    most = matched.dependency_max_interval_sd or (None, None)
    return {
        "target": target,
        "finding": None if score is None else score.index,
        "effect_sd": None if score is None else score.effect_sd,
        "readable": None if score is None else score.readable,
        "monotonicity": None if score is None else score.monotonicity,
        "linearity": None if score is None else score.linearity,
        "change_sd": matched.change_sd,
        "reached": matched.reached,
        "alpha": matched.alpha,
        **{name: getattr(matched, name) for name in COLUMNS},
        "dependency_mean_low_sd": mean[0],
        "dependency_mean_high_sd": mean[1],
        "dependency_max_low_sd": most[0],
        "dependency_max_high_sd": most[1],
    }


def _summary(comparison: Comparison) -> Cell:
    names = [f">{name}" for name, _ in COLUMNS.values()]
    head = ("set", "moves in", ">named", ">change", ">reach it", *names)
    groups = [[_medians(each, place) for place in range(len(each.medians))]
              for each in comparison.sets]  # fmt: skip
    return table(head, groups)


def _medians(each: ComparedSet, place: int) -> list[Cell]:
    matched = each.medians[place]
    label = f"<b>{text(each.method)}</b> {text(short(each.finding_set)[:7])}"
    first = place == 0
    return [
        label + ("" if each.independent else " (judged by what it saw)") if first else "",
        text(", ".join(each.spaces)) if first else "",
        f"{each.named} of {each.findings}" if first else "",
        f"{matched.change_sd:g} SD",
        f"{matched.reached:.0%}",
        *_figures(matched),
    ]


def _figures(matched: MatchedScore) -> list[Cell]:
    values = ((getattr(matched, name), form) for name, (_, form) in COLUMNS.items())
    return ["&ndash;" if value is None else text(form.format(value)) for value, form in values]


def _targets(comparison: Comparison) -> Cell:
    """For every target, the best finding of every set that names it."""
    head = ("target", "set", ">finding", ">effect", ">strength at 1 SD", ">safe strengths",
            ">mean dependency", "95 % interval", ">max dependency", ">linear",
            ">monotone")  # fmt: skip
    groups = []
    for target in comparison.targets:
        found = [(each, each.on(target)) for each in comparison.sets]
        known = [(each, score) for each, score in found if score is not None]
        groups.append(
            [_target(target if i == 0 else "", *pair) for i, pair in enumerate(sorted(
                known, key=lambda pair: _order(pair[1])))]
        )  # fmt: skip
    if not groups:
        return "<h2>Targets</h2><p>No set names any.</p>"
    return (
        "<h2>Targets</h2><p>For every target the best finding of each set: the one with the least "
        "mean dependency where the target has changed by 1 SD. Best sets first.</p>"
        f"{table(head, groups)}"
    )


def _target(target: str, each: ComparedSet, score: FindingScore) -> list[Cell]:
    at = score.at(1.0)
    reached = at is not None and at.alpha is not None
    interval = at.dependency_mean_interval_sd if at else None
    return [
        f"<b>{text(target)}</b>",
        f"{text(each.method)} {text(short(each.finding_set)[:7])}",
        text(score.index),
        f"{score.effect_sd:.2f} SD",
        f"{at.alpha:+.2f}" if at and reached else "not reached",
        f"{score.safe[0]:+.2g} to {score.safe[1]:+.2g}",
        f"{at.dependency_mean_sd:.2f}" if at and at.dependency_mean_sd is not None else "&ndash;",
        f"{interval[0]:.2f} to {interval[1]:.2f}" if interval else "",
        f"{at.dependency_max_sd:.2f}" if at and at.dependency_max_sd is not None else "&ndash;",
        f"{score.linearity:.2f}",
        f"{score.monotonicity:.0%}",
    ]


def _order(score: FindingScore) -> float:
    at = score.at(1.0)
    return math.inf if at is None or at.dependency_mean_sd is None else at.dependency_mean_sd


def _matrix(comparison: Comparison) -> Cell:
    """Rows of the re-scoring matrix at 1 SD."""
    lines = []
    for target in comparison.targets:
        for each in comparison.sets:
            score = each.on(target)
            at = score.at(1.0) if score else None
            if at is not None and at.effects_sd:
                label = f"{text(each.method)} {text(short(each.finding_set)[:7])}: {text(target)}"
                lines.append((label, at.effects_sd))
    if not lines:
        return ""
    columns = [ref.scorer for ref in comparison.scorers]
    return (
        "<h2>What else changes</h2><p>Re-scoring matrix: the mean change of every score, in SD, "
        "where the move raises its target by 1 SD on average.</p>"
        f"{heat(lines, columns)}"
    )


def _films(films: Sequence[Film]) -> Cell:
    if not films:
        return ""
    parts = [
        "<h2>Pictures</h2><p>The same sample along the best finding of each set, at matched "
        "changes of the target. The framed column is the picture as it is; an empty place is a "
        "change that the finding does not reach.</p>"
    ]
    names = "".join(f"<th>{step:+g} SD</th>" if step else "<th>as it is</th>" for step in STEPS)
    for target, group in groupby(films, key=lambda film: film.target):
        lines = "".join(_strip(film) for film in group)
        parts.append(
            f'<h3>{text(target)}</h3><div class="wide"><table class="strip">'
            f"<tr><td></td>{names}</tr>{lines}</table></div>"
        )
    return "".join(parts)


def _strip(film: Film) -> Cell:
    cells = "".join(
        f"<td{'' if change else NOW}>"
        + (picture(png, 96, f"{film.label} at {change:+g} SD") if png else "")
        + "</td>"
        for change, png in film.frames
    )
    return f'<tr><th class="row">{text(film.label)}</th>{cells}</tr>'


def _film(
    client: Client,
    generator: str,
    each: ComparedSet,
    score: FindingScore,
    alphas: tuple[float, ...],
) -> Film:
    wanted = [(step, score.strength(alphas, step)) for step in STEPS]
    strengths = [alpha for _, alpha in wanted if alpha is not None]
    finding = (each.finding_set, score.index)
    strip: Filmstrip = client.filmstrip(generator, finding, strengths, seed=SEED)
    pictures = iter(frame.png for frame in strip.frames)
    frames = tuple((step, None if alpha is None else next(pictures)) for step, alpha in wanted)
    label = f"{each.method} {short(each.finding_set)[:7]}:{score.index}"
    return Film(score.target, label, score, frames)
