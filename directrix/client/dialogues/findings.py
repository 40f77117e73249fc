"""Finding sets and their scorecards."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from directrix.client.dialogues.paging import PAGE, everything
from directrix.client.names import Names, short
from directrix.client.steps import Call, Dialogue
from directrix.client.values import StoredFindings
from directrix.v1 import finding_service_pb2 as pb

if TYPE_CHECKING:
    from directrix.types import Comparison, FindingSet, Scorecard

SERVICE = "/directrix.v1.FindingService"


def get(names: Names, name: str, full: bool) -> Dialogue[StoredFindings]:
    view = pb.FINDING_SET_VIEW_FULL if full else pb.FINDING_SET_VIEW_BASIC
    request = pb.GetFindingSetRequest(name=names.finding_set(name), view=view)
    answer = yield Call(f"{SERVICE}/GetFindingSet", request, pb.FindingSet, deadline=30)
    return _stored(answer)


def create(names: Names, findings: FindingSet) -> Dialogue[StoredFindings]:
    from directrix.wire.findings import finding_set_to_proto

    message = finding_set_to_proto(findings, name="")
    request = pb.CreateFindingSetRequest(parent=names.parent, finding_set=message)
    answer = yield Call(f"{SERVICE}/CreateFindingSet", request, pb.FindingSet, deadline=60)
    return _stored(answer)


def finding_sets(names: Names) -> Dialogue[list[StoredFindings]]:
    def page(token: str) -> Call:
        request = pb.ListFindingSetsRequest(parent=names.parent, page_size=PAGE, page_token=token)
        return Call(f"{SERVICE}/ListFindingSets", request, pb.ListFindingSetsResponse, deadline=30)

    return (yield from everything(page, lambda answer: map(_stored, answer.finding_sets)))


def scorecard(names: Names, name: str) -> Dialogue[Scorecard]:
    from directrix.wire.scorecards import scorecard_from_proto

    request = pb.GetScorecardRequest(finding_set=names.finding_set(name))
    answer = yield Call(f"{SERVICE}/GetScorecard", request, pb.Scorecard, deadline=15)
    return scorecard_from_proto(answer, short(answer.finding_set))


def compare(names: Names, finding_sets: Sequence[str]) -> Dialogue[Comparison]:
    from directrix.wire.comparisons import comparison_from_proto

    request = pb.CompareFindingSetsRequest(
        parent=names.parent, finding_sets=map(names.finding_set, finding_sets)
    )
    rpc = f"{SERVICE}/CompareFindingSets"
    answer = yield Call(rpc, request, pb.CompareFindingSetsResponse, deadline=30)
    return comparison_from_proto(answer)


def _stored(message: pb.FindingSet) -> StoredFindings:
    from directrix.types import FindingSet
    from directrix.wire.findings import finding_set_from_proto, provenance_from_proto

    if message.findings:
        value = finding_set_from_proto(message)
    else:
        value = FindingSet(findings=(), provenance=provenance_from_proto(message))
    return StoredFindings(message.name, message.digest, message.finding_count, value)
