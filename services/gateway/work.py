"""Work: everything behind the servicers, of one project."""

from dataclasses import dataclass

from services.gateway.audit_reports import AuditReports
from services.gateway.audits import Audits
from services.gateway.discoveries import Discoveries
from services.gateway.edits import Edits
from services.gateway.encoders import Encoders
from services.gateway.explanations import Explanations
from services.gateway.findings import Findings
from services.gateway.latents import Latents
from services.gateway.models import Models
from services.gateway.operations import Operations


@dataclass(frozen=True)
class Work:
    """What does the work, by service."""

    models: Models
    encoders: Encoders
    findings: Findings
    discoveries: Discoveries
    operations: Operations
    edits: Edits
    latents: Latents
    explanations: Explanations
    audits: Audits
    reports: AuditReports
