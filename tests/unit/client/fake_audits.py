"""The one audit of the fake gateway, made by hand."""

from directrix.archive import canonical_json
from directrix.pages.audit import page
from directrix.pages.audit_rows import to_csv
from directrix.types import AuditDocument, AuditManifest
from directrix.v1 import audit_service_pb2 as pb
from directrix.wire.audits import FORMATS, audit_to_proto, reliance_to_proto
from tests.unit.pages.audit_samples import SET, record, shown

AUDIT = f"projects/default/audits/a{'a' * 40}"


def audit_document(form: int) -> bytes:
    match FORMATS[form]:
        case "json":
            return canonical_json(record().model_dump(mode="json"))
        case "csv":
            return to_csv(record()).encode()
    return page(record(), [shown()]).encode()


def audit_message(name: str, rows: bool = True) -> pb.Audit:
    made = record()
    documents = {form: AuditDocument(sha256="0" * 64, size=9) for form in FORMATS.values()}
    manifest = AuditManifest(
        digest=made.digest,
        specification=made.specification,
        samples=made.audit.samples,
        findings=len(made.audit.reliance),
        accused=len(made.audit.accused),
        span=made.audit.span.verdict,
        documents=documents,
    )
    message = audit_to_proto(manifest, name)
    if rows:
        message.reliance.extend(
            reliance_to_proto(row, f"projects/default/findingSets/f{SET[:40]}", "boot")
            for row in made.audit.reliance
        )
    return message
