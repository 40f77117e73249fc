"""Audits as they are stored: a record that holds everything, and a manifest that points to it."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, JsonValue

from directrix.types.audit import Audit, Named, SpanVerdict


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class AuditRecord(_Value):
    """An audit with the job that made it: its JSON document. Without times, hosts or attempts."""

    format: Literal["directrix.audit/1"] = "directrix.audit/1"
    digest: str
    """sha256 over the specification, by digests, and `audit`."""
    specification: dict[str, JsonValue]
    """The job, defaults filled in, with names and digests."""
    reproduce: str
    """The command that makes the same audit again."""
    titles: dict[str, str]
    """"<digest of the set>:<index>" -> what its scorecard or its method calls a finding."""
    libraries: dict[str, str]
    """Versions of what computed it."""
    audit: Audit

    def title(self, finding: Named) -> str:
        """A finding's name, or its place where nobody names it."""
        known = self.titles.get(f"{finding.finding_set}:{finding.index}", "")
        return known or f"finding {finding.index}"


class AuditDocument(_Value):
    """One document of an audit: the sha256 and the length of its bytes."""

    sha256: str
    size: int


class AuditManifest(_Value):
    """An audit as it is listed. documents: by format, "json" (the record), "csv", "html"."""

    format: Literal["directrix.audit-manifest/1"] = "directrix.audit-manifest/1"
    digest: str
    specification: dict[str, JsonValue]
    samples: int
    findings: int
    accused: int | None
    """How many; None where nobody has said what the classifier may rely on."""
    span: SpanVerdict
    documents: dict[str, AuditDocument]
