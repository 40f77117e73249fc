"""The tables of an audit as HTML: reliance, flips, global directions, stability, span, rival."""

from collections.abc import Sequence

from directrix.pages.audit_shots import place
from directrix.pages.bars import bar, both_ways
from directrix.pages.markup import Cell, table, text
from directrix.types import AuditRecord, Flips, Measured, Named, Reliance, SpanVerdict

MOST_ROWS = 24
"""Rows of a table that are shown; all are in the JSON document, and of reliance in the CSV."""
MOST_PAIRS, BEST = 16, 2
"""Class pairs that are shown, and findings of each."""


def reliance(record: AuditRecord) -> Cell:
    """The first table: how far its answers hang on every finding."""
    rows = record.audit.reliance[:MOST_ROWS]
    judged = any(row.accused is not None for row in rows)
    referred = any(row.reference is not None for row in rows)
    head = ["finding", ">moves its answer", "95 % interval", ">flips"]
    head += [">reference"] if referred else []
    head += [">beyond", "95 % interval, chance", ">its own"] if judged else []
    most = max((row.variation.interval[1] for row in rows), default=1.0)
    floor = record.audit.floor
    farthest = max((floor, *(row.beyond.interval[1] for row in rows)))
    groups = [
        [
            [
                _named(record, row.finding, _verdict(row), _towards(record, row)),
                f"{row.variation.value:.3f}",
                bar(row.variation, most),
                f"{row.flips.value:.0%}",
                *([_or_dash(row.reference, "{:.3f}")] if referred else []),
                *(_beyond(row, farthest, floor) if judged else []),
            ]
        ]
        for row in rows
    ]
    more = _more(len(record.audit.reliance), "findings")
    return table(head, groups) + more


def _beyond(row: Reliance, most: float, floor: float) -> list[Cell]:
    return [
        f"{row.beyond.value:.2f} SD",
        bar(row.beyond, most, floor, strong=bool(row.accused)),
        f"{row.partial:.0%}",
    ]


def _verdict(row: Reliance) -> Cell:
    if row.accused:
        return ' <span class="tag accused">accused</span>'
    return ' <span class="tag not_found">allowed</span>' if row.allowed else ""


def _towards(record: AuditRecord, row: Reliance) -> Cell:
    """Which classes a move by + makes likelier, and which less likely."""
    effects = sorted(zip(row.effect, record.audit.classes, strict=True))
    (lowest, falls), (highest, rises) = effects[0], effects[-1]
    parts = [f"raises {rises}"] if highest > 0 else []
    parts += [f"lowers {falls}"] if lowest < 0 else []
    return text(", ".join(parts))


def matrix(record: AuditRecord) -> Cell:
    """Class pairs: the share of the source class that the strongest single finding flips."""
    best = _best(record)
    sources = [name for name in record.audit.classes if any(s == name for s, _ in best)]
    targets = [name for name in record.audit.classes if any(t == name for _, t in best)]
    if not sources or not targets:
        return "<p>No single finding turned any class into another.</p>"
    names = "".join(f'<th class="h" scope="col">&rarr; {text(name)}</th>' for name in targets)
    rows = "".join(
        f'<tr><th scope="row">{text(source)}</th>'
        + "".join(_share(record, best.get((source, target))) for target in targets)
        + "</tr>"
        for source in sources
    )
    return (
        f'<div class="wide"><table class="heat"><thead><tr><td></td>{names}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div>"
    )


def _best(record: AuditRecord) -> dict[tuple[str, str], Flips]:
    """The finding that flips most of everyone, by (source, target)."""
    found: dict[tuple[str, str], Flips] = {}
    for row in record.audit.flips:
        pair = (row.source, row.target)
        if row.target and not row.group and (pair not in found or row.share > found[pair].share):
            found[pair] = row
    return found


def _share(record: AuditRecord, row: Flips | None) -> Cell:
    if row is None:
        return '<td class="h"></td>'
    style = f"background: rgba(var(--plus), {0.7 * row.share:.2f})"
    name = text(record.title(row.finding))
    return f'<td class="h" style="{style}"><b>{row.share:.0%}</b><br><small>{name}</small></td>'


def flips(record: AuditRecord) -> Cell:
    """The strongest findings of every class pair, in everyone and in subgroups."""
    rows = [row for row in record.audit.flips if row.share > 0]
    whole = {(r.source, r.target, r.finding): r.tried for r in rows if not r.group}
    parts = [
        row
        for row in rows
        if row.group and row.tried != whole.get((row.source, row.target, row.finding))
    ]
    told = _flips(record, [row for row in rows if not row.group])
    if parts:
        told += f"<h3>In subgroups</h3>{_flips(record, parts)}"
    return told


def _flips(record: AuditRecord, rows: Sequence[Flips]) -> Cell:
    """The first few of every pair and subgroup, pairs in the order that the audit has them in."""
    pairs: dict[tuple[str, str, str], list[Flips]] = {}
    for row in rows:
        pairs.setdefault((row.source, row.target, row.group), []).append(row)
    best = [sorted(found, key=lambda row: -row.share)[:BEST] for found in pairs.values()]
    groups = [[_flip(record, row, first=i == 0) for i, row in enumerate(found)] for found in best]
    head = ("from", "to", "in", "finding", ">pictures", ">flip", "95 % interval", ">at")
    if not groups:
        return ""
    return table(head, groups[:MOST_PAIRS]) + _more(len(groups), "class pairs", MOST_PAIRS)


def _flip(record: AuditRecord, row: Flips, first: bool) -> list[Cell]:
    return [
        f"<b>{text(row.source)}</b>" if first else "",
        text(row.target or "any other") if first else "",
        text(row.group or "everyone") if first else "",
        _named(record, row.finding),
        text(row.tried),
        f"{row.share:.0%}",
        bar(Measured(value=row.share, interval=row.interval), 1.0),
        _or_dash(row.median_sd, "{:.2f} SD"),
    ]


def directions(record: AuditRecord) -> Cell:
    """One movement for a whole class."""
    rows = record.audit.directions
    if not rows:
        return "<p>No movement was found that turns pictures of one class into another.</p>"
    groups = [
        [
            [
                f"<b>{text(row.source)}</b>",
                text(row.target),
                "; ".join(
                    f"{text(record.title(s.finding))} {s.alpha:+.2f} SD" for s in row.strides
                ),
                f"{row.distance_sd:.2f} SD",
                text(row.tried),
                f"{row.share.value:.0%}",
                bar(row.share, 1.0),
            ]
        ]
        for row in rows
    ]
    head = ("from", "to", "movement", ">length", ">tried on", ">flip", "95 % interval")
    return f'<div class="prose">{table(head, groups)}</div>'


def stability(record: AuditRecord) -> Cell:
    found = record.audit.stability
    if found is None:
        return "<p>It was not asked for.</p>"
    told = (
        f"<p>{found.asked} pictures were explained, and again after their latents had been pushed "
        f"at random by {found.noise_sd:.0%} of the population&rsquo;s SD. {found.pairs} of them "
        "have an explanation towards the same class both times.</p>"
    )
    if found.jaccard is None or found.distance_sd is None:
        return told
    rows = [
        ["findings moved both times, of those moved at all", f"{found.jaccard.value:.0%}",
         bar(found.jaccard, 1.0)],
        ["distance between the two movements, as a share of their length",
         f"{found.distance_sd.value:.0%}",
         bar(found.distance_sd, max(1.0, found.distance_sd.interval[1]))],
    ]  # fmt: skip
    return told + table(("", ">figure", "95 % interval"), [[row] for row in rows])


def span(record: AuditRecord) -> Cell:
    found = record.audit.span
    words = {
        SpanVerdict.INSIDE: "What it answers by in these pictures can be made by the generator.",
        SpanVerdict.OUTSIDE: "<b>It answers by something that the generator cannot make.</b> No "
        "finding can show it, and the tables above do not know of it.",
        SpanVerdict.UNTOLD: "It cannot be told: no pictures were given, too few, or their "
        "inversions lose what the reference sees as well.",
    }
    figures = (
        ("inversions that keep the classifier&rsquo;s class", found.label_kept),
        ("inversions that keep the reference&rsquo;s class", found.reference_kept),
        ("pictures whose class one small region of the original brings back", found.explained),
    )
    rows = [[[name, f"{f.value:.0%}", bar(f, 1.0)]] for name, f in figures if f is not None]
    facts = []
    if found.error is not None:
        facts.append(f"median error of the inversions {found.error:.3f}, in [-1, 1] squared")
    if found.chance is not None:
        facts.append(f"regions of that size elsewhere bring back {found.chance:.0%}")
    if found.region is not None:
        top, left, bottom, right = (f"{v:.0%}" for v in found.region)
        facts.append(f"the region: from {top} to {bottom} down, {left} to {right} across")
    told = f"<p>{'; '.join(facts)}.</p>" if facts else ""
    figures_table = table(("", ">figure", "95 % interval"), rows) if rows else ""
    return f"<p>{words[found.verdict]}</p>{figures_table}{told}"


def differences(record: AuditRecord) -> Cell:
    """Reliance of the classifier less that of the rival."""
    rows = record.audit.differences[:MOST_ROWS]
    most = max((max(map(abs, row.variation.interval)) for row in rows), default=1.0)
    groups = [
        [
            [
                _named(record, row.finding),
                f"{row.variation.value:+.3f}",
                both_ways(row.variation, most),
                f"{row.flips.value:+.0%}",
            ]
        ]
        for row in rows
    ]
    head = ("finding", ">moves its answer more by", "95 % interval", ">flips more")
    return table(head, groups) + _more(len(record.audit.differences), "findings")


def _named(record: AuditRecord, finding: Named, tag: Cell = "", about: Cell = "") -> Cell:
    name = f"<b>{text(record.title(finding))}</b>{tag}"
    told = f" <small>{about}</small>" if about else ""
    return f'{name}<br><small class="place">{text(place(finding))}</small>{told}'


def _or_dash(value: float | None, form: str) -> Cell:
    return "&ndash;" if value is None else form.format(value)


def _more(count: int, what: str, shown: int = MOST_ROWS) -> Cell:
    if count <= shown:
        return ""
    return f'<p class="soft">The first {shown} of {count} {what}; all are in audit.json.</p>'
