"""Audits through the real gateway: started as jobs, read, listed, downloaded."""

import uuid

import pytest
from google.longrunning import operations_pb2
from google.longrunning.operations_pb2_grpc import OperationsStub
from google.protobuf import json_format

from directrix.types import AuditRecord, Space
from directrix.v1 import audit_service_pb2 as pb
from directrix.v1 import discovery_service_pb2 as discovery
from directrix.v1 import explanation_service_pb2 as explanation
from directrix.v1.audit_service_pb2_grpc import AuditServiceStub
from directrix.v1.explanation_service_pb2_grpc import ExplanationServiceStub
from services.jobs import AuditResult, AuditSpec, State, move
from tests.integration.gateway.malformed import AUDIT, BASES
from tests.integration.gateway.pictures import PICTURES
from tests.integration.gateway.world import Scene
from tests.unit.pages.audit_samples import SET, record

PARENT = "projects/default"


@pytest.fixture
def stub(live: Scene) -> AuditServiceStub:
    return AuditServiceStub(live.channel)


def start(live: Scene, **parts: object) -> operations_pb2.Operation:
    request = explanation.AuditClassifierRequest()
    request.CopyFrom(BASES[AUDIT](live))
    request.validate_only = False
    request.MergeFrom(explanation.AuditClassifierRequest(**parts))
    return ExplanationServiceStub(live.channel).AuditClassifier(request, timeout=10)


def spec_of(live: Scene, operation: operations_pb2.Operation) -> AuditSpec:
    spec = live.jobs.get(operation.name).spec
    assert isinstance(spec, AuditSpec)
    return spec


def test_an_audit_is_a_job_like_any_other(live: Scene) -> None:
    request_id = str(uuid.uuid4())
    operation = start(live, request_id=request_id, seed=5)
    assert start(live, request_id=request_id, seed=5).name == operation.name
    job = live.jobs.get(operation.name)
    assert (job.name, job.fence) in live.submitter.queue
    spec = spec_of(live, operation)
    assert [ref.name for ref in spec.finding_sets] == [live.findings, live.unscored]
    assert [ref.digest for ref in spec.predictors] == [live.judge.digest, live.meter.digest]
    assert (spec.samples, spec.steps, spec.random_findings) == (128, (1.0, 2.0, 3.0), 60)
    assert (spec.explained, spec.noise_sd, spec.pairs, spec.pictures) == (8, 0.1, 12, None)
    told = discovery.DiscoverFindingsMetadata()
    assert operation.metadata.Unpack(told)
    assert (told.method, told.generator) == ("audit-classifier", live.toy.name)
    assert json_format.MessageToDict(told.parameters)["classifier"]["name"] == live.judge.name
    live.jobs.update(job.name, lambda job: move(job, State.RUNNING, attempt=1))
    result = AuditResult(audit=live.audit, digest="a" * 64, count=8, accused=1)
    live.jobs.update(job.name, lambda job: move(job, State.SUCCEEDED, result=result))
    asked = operations_pb2.GetOperationRequest(name=job.name)
    response = explanation.AuditClassifierResponse()
    ended = OperationsStub(live.channel).GetOperation(asked, timeout=5)
    assert ended.response.Unpack(response)
    assert (response.audit, response.finding_count) == (live.audit, 8)
    assert response.HasField("accused_count") and response.accused_count == 1


def test_nothing_explained_is_not_the_default(live: Scene) -> None:
    assert spec_of(live, start(live, explained=0)).explained == 0


def test_what_flips_take_and_explanations_cost(live: Scene) -> None:
    """Where it is not asked for it is not written down: the specification is what it was."""
    plain = spec_of(live, start(live))
    assert (plain.target_probability, plain.budget) == (0, 1500)
    assert not {"target_probability", "budget"} & plain.parameters.keys()
    sure = spec_of(live, start(live, target_probability=0.95, budget=300))
    assert (sure.parameters["target_probability"], sure.parameters["budget"]) == (0.95, 300)
    assert len({plain.digest, sure.digest, spec_of(live, start(live, budget=1500)).digest}) == 2


def test_what_is_only_checked_starts_nothing(live: Scene) -> None:
    before = len(live.submitter.queue)
    operation = start(live, validate_only=True)
    assert (operation.name, operation.done) == ("", True)
    assert len(live.submitter.queue) == before


def test_pictures_are_stored_once_and_named_by_their_digest(live: Scene) -> None:
    given = explanation.PictureSet(images=[PICTURES["right"]] * 3, encoder=live.encoder.name)
    given.space, given.encoder_only = 2, True
    spec = spec_of(live, start(live, pictures=given))
    assert spec.pictures is not None
    assert (spec.samples, spec.pictures.count, spec.pictures.steps) == (0, 3, 0)
    assert (spec.pictures.space, spec.pictures.encoder.name) == (Space.W, live.encoder.name)
    assert live.catalogue.audits.pictures(spec.pictures.images).shape == (3, 8, 8, 1)
    again = explanation.PictureSet(digest=spec.pictures.images)
    other = spec_of(live, start(live, pictures=again)).pictures
    assert other is not None
    assert (other.images, other.count, other.steps) == (spec.pictures.images, 3, 200)


def test_two_names_of_one_model_are_one_specification(live: Scene) -> None:
    spec = spec_of(live, start(live))
    renamed = spec.classifier.model_copy(update={"name": "projects/default/models/twin"})
    assert spec.model_copy(update={"classifier": renamed}).digest == spec.digest
    assert spec.model_copy(update={"seed": 6}).digest != spec.digest


def test_an_audit_is_read(live: Scene, stub: AuditServiceStub) -> None:
    found = stub.GetAudit(pb.GetAuditRequest(name=live.audit), timeout=5)
    assert (found.name, found.digest) == (live.audit, "a" * 64)
    assert (found.sample_count, found.finding_count, found.accused_count) == (128, 8, 1)
    assert found.span == pb.Audit.SPAN_UNTOLD
    assert json_format.MessageToDict(found.specification)["seed"] == 7
    first = found.reliance[0]
    assert first.finding.finding_set == f"{PARENT}/findingSets/f{SET[:40]}"
    assert (first.title, first.accused) == ("<boot & co>", True)
    assert (first.variation.value, first.beyond.low) == pytest.approx((0.4, 1.8))


def test_audits_are_listed_without_their_tables(live: Scene, stub: AuditServiceStub) -> None:
    found = stub.ListAudits(pb.ListAuditsRequest(parent=PARENT), timeout=5).audits
    assert [audit.name for audit in found] == sorted(f"{PARENT}/audits/a{d * 40}" for d in "ab")
    assert [len(audit.reliance) for audit in found] == [0, 0]


def test_documents_come_whole(live: Scene, stub: AuditServiceStub) -> None:
    stored = stub.GetAudit(pb.GetAuditRequest(name=live.audit), timeout=5).documents
    sizes = {document.format: document.size_bytes for document in stored}
    for form in (pb.Audit.FORMAT_JSON, pb.Audit.FORMAT_CSV, pb.Audit.FORMAT_HTML):
        request = pb.DownloadAuditRequest(name=live.audit, format=form)
        pieces = [piece.data for piece in stub.DownloadAudit(request, timeout=10)]
        assert sum(map(len, pieces)) == sizes[form]
        assert max(map(len, pieces)) <= 1024 * 1024
        if form == pb.Audit.FORMAT_JSON:
            told = AuditRecord.model_validate_json(b"".join(pieces))
            assert told == record()
    assert len(pieces) == 2
