"""Finding sets: taken in, read, listed; and their scorecards."""

import asyncio
from dataclasses import dataclass

from directrix.comparison import Candidate, compare
from directrix.errors import InvalidField
from directrix.types import FindingSet, GeneratorCard, Manifest
from directrix.v1 import finding_service_pb2 as pb
from directrix.wire.comparisons import comparison_to_proto
from directrix.wire.findings import (
    finding_set_to_proto,
    imported_finding_set,
    provenance_to_proto,
)
from directrix.wire.scorecards import scorecard_to_proto
from services.gateway.finding_fit import check_fits
from services.gateway.lookups import Lookups
from services.gateway.paging import Pages


@dataclass(frozen=True)
class Findings:
    lookups: Lookups
    pages: Pages

    async def create(self, request: pb.CreateFindingSetRequest) -> pb.FindingSet:
        """Raises ModelNotFound for an unknown generator, and what does not fit it."""
        self.lookups.names.parent(request.parent)
        return await self.lookups.call(self._take_in, request.finding_set)

    async def get(self, request: pb.GetFindingSetRequest) -> pb.FindingSet:
        self.lookups.names.finding_set(request.name)
        catalogue = self.lookups.catalogue
        if request.view != pb.FINDING_SET_VIEW_FULL:
            manifest = await self.lookups.call(catalogue.finding_set_manifest, request.name)
            return _basic(request.name, manifest)
        entry, findings = await asyncio.gather(
            self.lookups.finding_set(request.name),
            self.lookups.call(catalogue.finding_set, request.name),
        )
        return finding_set_to_proto(findings, entry.name, entry.digest)

    async def page(self, request: pb.ListFindingSetsRequest) -> pb.ListFindingSetsResponse:
        self.lookups.names.parent(request.parent)
        found, token = await self.pages.read(
            "findingSets", {"parent": request.parent}, request, self._fetch, lambda item: item[0]
        )
        return pb.ListFindingSetsResponse(
            finding_sets=[_basic(name, manifest) for name, manifest in found],
            next_page_token=token,
        )

    async def scorecard(self, request: pb.GetScorecardRequest) -> pb.Scorecard:
        entry = await self.lookups.finding_set(request.finding_set, "finding_set")
        card = await self.lookups.call(self.lookups.catalogue.scorecard, entry.digest)
        return scorecard_to_proto(card, entry.name)

    async def compare(self, request: pb.CompareFindingSetsRequest) -> pb.CompareFindingSetsResponse:
        """Raises FindingSetNotFound, ScorecardNotFound, ScorecardsDiffer."""
        self.lookups.names.parent(request.parent)
        for i, name in enumerate(request.finding_sets):
            self.lookups.names.finding_set(name, f"finding_sets[{i}]")
        found = await asyncio.gather(
            *(self.lookups.call(self._candidate, name) for name in request.finding_sets)
        )
        return comparison_to_proto(compare(found))

    def _candidate(self, name: str) -> Candidate:
        manifest = self.lookups.catalogue.finding_set_manifest(name)
        card = self.lookups.catalogue.scorecard(manifest.digest)
        return Candidate(name, manifest.provenance, manifest.places, card)

    def _take_in(self, message: pb.FindingSet) -> pb.FindingSet:
        card = self.lookups.catalogue.card(message.generator_digest)
        if not isinstance(card, GeneratorCard):
            raise InvalidField(
                "finding_set.generator_digest is that of a predictor",
                field="finding_set.generator_digest",
            )
        findings: FindingSet = imported_finding_set(message)
        for i, finding in enumerate(findings.findings):
            check_fits(finding, card, f"finding_set.findings[{i}].{finding.kind}")
        name = self.lookups.catalogue.put_finding_set(findings)
        return finding_set_to_proto(findings, name)

    async def _fetch(self, after: str, limit: int) -> list[tuple[str, Manifest]]:
        return await self.lookups.call(self.lookups.catalogue.finding_sets, after, limit)


def _basic(name: str, manifest: Manifest) -> pb.FindingSet:
    message = provenance_to_proto(manifest.provenance)
    message.name = name
    message.digest = manifest.digest
    message.finding_count = len(manifest.findings)
    return message
