"""Audits that are there: read, listed, downloaded."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from directrix.types import AuditManifest
from directrix.v1 import audit_service_pb2 as pb
from directrix.wire.audits import FORMATS, audit_to_proto, reliance_to_proto
from services.artifacts import keys
from services.gateway.lookups import Lookups
from services.gateway.paging import Pages

PIECE = 1024 * 1024
"""Bytes of a document that travel in one message."""


@dataclass(frozen=True)
class AuditReports:
    lookups: Lookups
    pages: Pages

    async def get(self, request: pb.GetAuditRequest) -> pb.Audit:
        """Raises AuditNotFound."""
        manifest = await self._manifest(request.name)
        record = await self.lookups.call(self.lookups.catalogue.audits.record, manifest)
        message = audit_to_proto(manifest, request.name)
        project = self.lookups.names.project
        message.reliance.extend(
            reliance_to_proto(
                row,
                keys.finding_set(project, keys.finding_set_id(row.finding.finding_set)),
                record.titles.get(f"{row.finding.finding_set}:{row.finding.index}", ""),
            )
            for row in record.audit.reliance
        )
        return message

    async def page(self, request: pb.ListAuditsRequest) -> pb.ListAuditsResponse:
        self.lookups.names.parent(request.parent)
        found, token = await self.pages.read(
            "audits", {"parent": request.parent}, request, self._fetch, lambda item: item[0]
        )
        return pb.ListAuditsResponse(
            audits=[audit_to_proto(manifest, name) for name, manifest in found],
            next_page_token=token,
        )

    async def download(
        self, request: pb.DownloadAuditRequest
    ) -> AsyncIterator[pb.DownloadAuditResponse]:
        """The document in pieces. Raises AuditNotFound."""
        manifest = await self._manifest(request.name)
        audits = self.lookups.catalogue.audits
        data = await self.lookups.call(audits.document, manifest, FORMATS[request.format])
        for start in range(0, len(data), PIECE):
            yield pb.DownloadAuditResponse(data=data[start : start + PIECE])

    async def _manifest(self, name: str) -> AuditManifest:
        self.lookups.names.audit(name)
        return await self.lookups.call(self.lookups.catalogue.audits.get, name)

    async def _fetch(self, after: str, limit: int) -> list[tuple[str, AuditManifest]]:
        return await self.lookups.call(self.lookups.catalogue.audits.page, after, limit)
