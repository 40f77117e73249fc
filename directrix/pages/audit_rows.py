"""The reliance table of an audit as rows for programs: CSV."""

import csv
import io

from directrix.types import AuditRecord, Measured, Reliance


def to_csv(record: AuditRecord) -> str:
    """One row a finding, in the order of the table, below a line of names."""
    rows = [_row(record, place, each) for place, each in enumerate(record.audit.reliance, 1)]
    file = io.StringIO()
    writer = csv.DictWriter(file, list(rows[0]) if rows else [], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return file.getvalue()


def _row(record: AuditRecord, rank: int, each: Reliance) -> dict[str, object]:
    effects = zip(record.audit.classes, each.effect, strict=True)
    return {
        "rank": rank,
        "finding_set": each.finding.finding_set,
        "index": each.finding.index,
        "title": record.title(each.finding),
        **_figure("variation", each.variation),
        **_figure("flips", each.flips),
        "reference_variation": each.reference,
        **_figure("beyond_sd", each.beyond),
        "strength": each.strength,
        "partial": each.partial,
        "grey_levels": each.grey_levels,
        "allowed": each.allowed,
        "accused": each.accused,
        **{f"effect: {name}": effect for name, effect in effects},
    }


def _figure(name: str, figure: Measured) -> dict[str, float]:
    low, high = figure.interval
    return {name: figure.value, f"{name}_low": low, f"{name}_high": high}
