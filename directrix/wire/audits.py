"""Audits as messages: what programs decide by; the rest is in the audit's JSON document."""

from directrix.types import AuditManifest, Measured, Reliance, SpanVerdict
from directrix.v1 import audit_service_pb2 as pb
from directrix.v1 import values_pb2
from directrix.wire.fields import number_of

FORMATS: dict[int, str] = {
    pb.Audit.FORMAT_JSON: "json",
    pb.Audit.FORMAT_CSV: "csv",
    pb.Audit.FORMAT_HTML: "html",
}
NUMBERS = {form: number for number, form in FORMATS.items()}
SPANS: dict[int, SpanVerdict] = {
    pb.Audit.SPAN_INSIDE: SpanVerdict.INSIDE,
    pb.Audit.SPAN_OUTSIDE: SpanVerdict.OUTSIDE,
    pb.Audit.SPAN_UNTOLD: SpanVerdict.UNTOLD,
}


def audit_to_proto(manifest: AuditManifest, name: str) -> pb.Audit:
    """Without its reliance table."""
    told = manifest.specification
    message = pb.Audit(
        name=name,
        digest=manifest.digest,
        generator=name_of(told["generator"]),
        classifier=name_of(told["classifier"]),
        finding_sets=[name_of(each) for each in listed(told["finding_sets"])],
        sample_count=manifest.samples,
        finding_count=manifest.findings,
        accused_count=manifest.accused,
        span=number_of(SPANS, manifest.span),
        documents=[
            pb.Audit.Document(
                format=pb.Audit.Format.ValueType(NUMBERS[form]),
                sha256=document.sha256,
                size_bytes=document.size,
            )
            for form, document in manifest.documents.items()
        ],
    )
    message.specification.update(told)
    return message


def reliance_to_proto(row: Reliance, finding_set: str, title: str) -> pb.Audit.Reliance:
    """finding_set: its resource name."""
    return pb.Audit.Reliance(
        finding=values_pb2.FindingRef(finding_set=finding_set, index=row.finding.index),
        title=title,
        variation=_measured(row.variation),
        flips=_measured(row.flips),
        beyond=_measured(row.beyond),
        accused=row.accused,
    )


def name_of(reference: object) -> str:
    """The resource name in a reference {"name", "digest"} of a specification."""
    return str(reference["name"]) if isinstance(reference, dict) else ""


def listed(value: object) -> list[object]:
    return list(value) if isinstance(value, list | tuple) else []


def _measured(figure: Measured) -> pb.MeasuredFigure:
    low, high = figure.interval
    return pb.MeasuredFigure(value=figure.value, low=low, high=high)
