"""Models, finding sets, discoveries and operations through the real gateway."""

import threading
import time
import uuid
from datetime import UTC, datetime

import grpc
import numpy as np
import pytest
from google.longrunning import operations_pb2
from google.longrunning.operations_pb2_grpc import OperationsStub
from google.protobuf import descriptor_pool
from google.protobuf.duration_pb2 import Duration
from google.rpc import code_pb2, error_details_pb2
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from grpc_status import rpc_status

from directrix.errors import DataMissing
from directrix.types import Direction, FindingSet, Provenance, Space
from directrix.v1 import discovery_service_pb2 as discovery
from directrix.v1 import editing_service_pb2 as editing
from directrix.v1 import finding_service_pb2 as finding
from directrix.v1 import model_service_pb2 as model
from directrix.v1 import values_pb2 as values
from directrix.v1.discovery_service_pb2_grpc import DiscoveryServiceStub
from directrix.v1.editing_service_pb2_grpc import EditingServiceStub
from directrix.v1.finding_service_pb2_grpc import FindingServiceStub
from directrix.v1.model_service_pb2_grpc import ModelServiceStub
from directrix.wire.findings import finding_from_proto
from services.jobs import (
    EncoderResult,
    EncoderSpec,
    JobError,
    JobResult,
    Progress,
    Spent,
    Stage,
    State,
    move,
)
from tests.integration.gateway.malformed import BASES, CREATE_SET, DISCOVER
from tests.integration.gateway.world import Scene

PARENT = "projects/default"


def request(live: Scene, **parts: object) -> discovery.DiscoverFindingsRequest:
    parts.setdefault("method", "axes")
    return discovery.DiscoverFindingsRequest(parent=PARENT, generator=live.toy.name, **parts)


def discover(live: Scene, **parts: object) -> operations_pb2.Operation:
    return DiscoveryServiceStub(live.channel).DiscoverFindings(request(live, **parts), timeout=10)


def metadata(operation: operations_pb2.Operation) -> discovery.DiscoverFindingsMetadata:
    found = discovery.DiscoverFindingsMetadata()
    assert operation.metadata.Unpack(found)
    return found


def test_the_same_model_twice_is_the_same_resource(live: Scene) -> None:
    stub = ModelServiceStub(live.channel)
    again = model.CreateModelRequest(
        parent=PARENT,
        model_id="toy",
        card_json=live.toy.card.model_dump_json(),
        tensors=live.tensors,
    )
    made = stub.CreateModel(again, timeout=10)
    read = stub.GetModel(model.GetModelRequest(name=live.toy.name), timeout=10)
    assert made == read
    assert (made.digest, made.kind) == (live.toy.digest, model.Model.KIND_GENERATOR)


def test_lists_are_read_page_by_page(live: Scene) -> None:
    stub = ModelServiceStub(live.channel)
    names, token = [], ""
    while True:
        page = stub.ListModels(
            model.ListModelsRequest(parent=PARENT, page_size=2, page_token=token), timeout=10
        )
        names += [entry.name for entry in page.models]
        token = page.next_page_token
        if not token:
            break
    assert names == sorted(names)
    assert {live.toy.name, live.judge.name, live.wide.name} <= set(names)


def test_imported_findings_come_back_whole(live: Scene) -> None:
    stub = FindingServiceStub(live.channel)
    sent = BASES[CREATE_SET](live)
    made = stub.CreateFindingSet(sent, timeout=10)
    full = finding.GetFindingSetRequest(name=made.name, view=finding.FINDING_SET_VIEW_FULL)
    read = stub.GetFindingSet(full, timeout=10)
    assert read == made
    assert read.findings[0].direction == sent.finding_set.findings[0].direction
    assert (read.method, read.finding_count) == ("import", 1)
    value = finding_from_proto(read.findings[0])
    basic = stub.GetFindingSet(finding.GetFindingSetRequest(name=made.name), timeout=10)
    assert (len(basic.findings), basic.digest) == (0, read.digest)
    same = FindingSet((value,), Provenance(method="import", version="1", generator=live.toy.digest))
    assert live.catalogue.put_finding_set(same) == made.name


def test_a_scorecard_is_read(live: Scene) -> None:
    card = FindingServiceStub(live.channel).GetScorecard(
        finding.GetScorecardRequest(finding_set=live.findings), timeout=10
    )
    assert card.finding_set == live.findings
    assert [point.alpha for point in card.findings[0].curve] == [-1.0, 0.0, 1.0]


def test_sets_are_compared_over_their_scorecards(live: Scene) -> None:
    answer = FindingServiceStub(live.channel).CompareFindingSets(
        finding.CompareFindingSetsRequest(parent=PARENT, finding_sets=[live.findings]), timeout=10
    )
    (compared,) = answer.sets
    assert (compared.finding_set, compared.method) == (live.findings, "axes")
    assert list(compared.spaces)[-1] == "w"
    assert (compared.finding_count, compared.named_count) == (1, 1)
    assert [score.target for score in compared.best] == ["a"]


def test_judges_are_recorded_apart(live: Scene) -> None:
    operation = discover(live, predictors=[live.judge.name], judges=[live.meter.name], seed=4)
    spec = live.jobs.get(operation.name).spec
    assert [p.digest for p in spec.predictors] == [live.judge.digest]
    assert [j.digest for j in spec.judges] == [live.meter.digest]
    alone = spec.model_copy(update={"judges": ()})
    assert alone.digest != spec.digest


def test_methods_are_listed_with_their_schemas(live: Scene) -> None:
    answer = DiscoveryServiceStub(live.channel).ListDiscoveryMethods(
        discovery.ListDiscoveryMethodsRequest(parent=PARENT), timeout=10
    )
    assert [m.method for m in answer.methods] == ["axes", "border"]
    count = answer.methods[0].parameters_schema["properties"]["count"]
    assert (count["minimum"], count["maximum"]) == (1, 64)


def test_a_discovery_is_recorded_before_it_is_answered(live: Scene) -> None:
    operation = discover(live, predictors=[live.judge.name], seed=3)
    job = live.jobs.get(operation.name)
    assert (job.state, job.spec.seed, job.spec.samples) == (State.QUEUED, 3, 4096)
    assert job.spec.parameters == {"count": 4, "ratio": 0.5, "space": "w"}
    assert (job.name, job.fence) in live.submitter.queue
    told = metadata(operation)
    assert told.state == discovery.DiscoverFindingsMetadata.STATE_QUEUED
    assert dict(told.parameters) == {"count": 4, "ratio": 0.5, "space": "w"}
    assert (operation.done, told.generator) == (False, live.toy.name)


def is_long(call: str) -> bool:
    """Whether a call of the API starts a job."""
    method = descriptor_pool.Default().FindMethodByName(call[1:].replace("/", "."))
    return method.output_type.full_name == operations_pb2.Operation.DESCRIPTOR.full_name


LONG = [call for call in BASES if call.startswith("/directrix.") and is_long(call)]


def begin(live: Scene, call: str, **fields: object) -> operations_pb2.Operation:
    """The good request of a call, with other fields."""
    request = BASES[call](live)
    request.validate_only = False
    request.MergeFrom(type(request)(**fields))
    start = live.channel.unary_unary(
        call, type(request).SerializeToString, operations_pb2.Operation.FromString
    )
    return start(request, timeout=10)


@pytest.mark.parametrize("call", LONG)
def test_a_request_id_makes_a_start_idempotent(live: Scene, call: str) -> None:
    request_id = str(uuid.uuid4())
    first = begin(live, call, request_id=request_id)
    before = len(live.jobs.jobs("default"))
    assert begin(live, call, request_id=request_id).name == first.name
    with pytest.raises(grpc.RpcError) as caught:
        begin(live, call, request_id=request_id, seed=1)
    info = error_details_pb2.ErrorInfo()
    assert rpc_status.from_call(caught.value).details[0].Unpack(info)
    assert (caught.value.code(), info.reason) == (
        grpc.StatusCode.INVALID_ARGUMENT, "REQUEST_ID_REUSED",
    )  # fmt: skip
    assert len(live.jobs.jobs("default")) == before
    assert begin(live, call).name != first.name


@pytest.mark.parametrize("call", LONG)
def test_validation_starts_nothing_and_tells_what_a_job_would_cost(live: Scene, call: str) -> None:
    done = live.jobs.get(begin(live, call).name)
    spent = Spent(seconds=12.0, images=300, memory_mb=400)
    live.costs.remember(done.model_copy(update={"spent": spent}))
    before = len(live.submitter.queue), len(live.jobs.jobs("default"))
    operation = begin(live, call, seed=1, validate_only=True)
    assert (operation.done, operation.name) == (True, "")
    told = metadata(operation)
    assert (told.method, told.generator) == (done.spec.method, live.toy.name)
    assert (told.estimate.seconds, told.estimate.memory_mb) == (pytest.approx(12.0), 400)
    assert (told.estimate.images, told.estimate.jobs) == (300, 1)
    assert (len(live.submitter.queue), len(live.jobs.jobs("default"))) == before


def test_nothing_is_told_where_no_job_like_it_has_succeeded(live: Scene) -> None:
    told = metadata(begin(live, DISCOVER, method="border", validate_only=True))
    assert dict(told.parameters)["count"] == 4
    assert not told.HasField("estimate")


def test_progress_is_live_and_the_end_is_told(live: Scene) -> None:
    stub = OperationsStub(live.channel)
    name = discover(live).name
    live.jobs.update(name, lambda job: move(job, State.RUNNING, attempt=1))
    live.signals.report(name, Progress(stage=Stage.FIT, done=3, total=8, note="axis 3"))
    asked = operations_pb2.GetOperationRequest(name=name)
    told = metadata(stub.GetOperation(asked, timeout=5))
    assert (told.stage, told.done, told.total, told.note) == ("fit", 3, 8, "axis 3")
    assert told.attempt == 1
    result = JobResult(finding_set=live.findings, digest="0" * 64, count=3, scored=True)
    timer = threading.Timer(
        0.3,
        lambda: live.jobs.update(name, lambda job: move(job, State.SUCCEEDED, result=result)),
    )
    timer.start()
    began = time.monotonic()
    ended = stub.WaitOperation(operations_pb2.WaitOperationRequest(name=name), timeout=10)
    assert 0.2 < time.monotonic() - began < 5
    response = discovery.DiscoverFindingsResponse()
    assert ended.response.Unpack(response)
    assert (response.finding_set, response.finding_count) == (live.findings, 3)
    assert live.jobs.get(name).create_time <= datetime.now(UTC)


def test_what_is_fitted_can_be_used_while_its_job_runs(live: Scene) -> None:
    name = discover(live).name
    provenance = Provenance(method="axes", version="1", generator=live.toy.digest, seed=11)
    found = FindingSet((Direction(Space.W, np.eye(6)[2], 1.0),), provenance)
    fitted = live.catalogue.put_finding_set(found, listed=False)
    live.signals.report(name, Progress(stage=Stage.SCORECARD, finding_set=fitted))
    asked = operations_pb2.GetOperationRequest(name=name)
    told = metadata(OperationsStub(live.channel).GetOperation(asked, timeout=5))
    assert told.finding_set == fitted
    findings = FindingServiceStub(live.channel)
    full = finding.GetFindingSetRequest(name=fitted, view=finding.FINDING_SET_VIEW_FULL)
    assert len(findings.GetFindingSet(full, timeout=5).findings) == 1
    listing = finding.ListFindingSetsRequest(parent=PARENT, page_size=1000)
    listed = findings.ListFindingSets(listing, timeout=5).finding_sets
    assert listed and fitted not in {each.name for each in listed}
    edit = editing.EditImageRequest(recipe=values.Recipe(generator=live.toy.name))
    edit.recipe.seed.seed = 1
    stub = EditingServiceStub(live.channel)
    before = stub.EditImage(edit, timeout=20).image.digest
    edit.recipe.moves.add(finding=values.FindingRef(finding_set=fitted), alpha=2.0)
    assert stub.EditImage(edit, timeout=20).image.digest != before
    with pytest.raises(grpc.RpcError) as caught:
        findings.GetScorecard(finding.GetScorecardRequest(finding_set=fitted), timeout=5)
    assert caught.value.code() is grpc.StatusCode.NOT_FOUND


def train(live: Scene, **parts: object) -> operations_pb2.Operation:
    fields = {"parent": PARENT, "generator": live.toy.name, "model_id": "trained"}
    request = model.TrainEncoderRequest(**{**fields, **parts})
    return ModelServiceStub(live.channel).TrainEncoder(request, timeout=10)


def test_a_training_is_a_job_like_any_other(live: Scene) -> None:
    request_id = str(uuid.uuid4())
    operation = train(live, request_id=request_id, seed=5)
    assert train(live, request_id=request_id, seed=5).name == operation.name
    job = live.jobs.get(operation.name)
    assert isinstance(job.spec, EncoderSpec)
    assert (job.spec.space, job.spec.steps, job.spec.seed) == (Space.W, 6000, 5)
    assert (job.name, job.fence) in live.submitter.queue
    told = metadata(operation)
    assert (told.method, told.generator) == ("train-encoder", live.toy.name)
    assert dict(told.parameters) == {"space": "w", "steps": 6000, "model": "trained"}
    live.jobs.update(job.name, lambda job: move(job, State.RUNNING, attempt=1))
    result = EncoderResult(model=live.encoder.name, digest=live.encoder.digest)
    live.jobs.update(job.name, lambda job: move(job, State.SUCCEEDED, result=result))
    asked = operations_pb2.GetOperationRequest(name=job.name)
    ended = OperationsStub(live.channel).GetOperation(asked, timeout=5)
    response = model.TrainEncoderResponse()
    assert ended.response.Unpack(response)
    assert (response.model, response.digest) == (live.encoder.name, live.encoder.digest)
    entry = ModelServiceStub(live.channel).GetModel(
        model.GetModelRequest(name=response.model), timeout=5
    )
    assert entry.kind == model.Model.KIND_ENCODER
    assert train(live, validate_only=True).name == ""


def test_a_wait_ends_with_its_timeout(live: Scene) -> None:
    stub = OperationsStub(live.channel)
    waiting = operations_pb2.WaitOperationRequest(
        name=live.running, timeout=Duration(nanos=200_000_000)
    )
    began = time.monotonic()
    assert not stub.WaitOperation(waiting, timeout=10).done
    assert 0.15 < time.monotonic() - began < 3
    until_deadline = operations_pb2.WaitOperationRequest(name=live.running)
    assert not stub.WaitOperation(until_deadline, timeout=1).done


def test_a_failed_operation_says_why(live: Scene) -> None:
    stub = OperationsStub(live.channel)
    name = discover(live).name
    error = JobError.of(DataMissing("install the data", package="x"))
    live.jobs.update(name, lambda job: move(job, State.FAILED, error=error))
    operation = stub.GetOperation(operations_pb2.GetOperationRequest(name=name), timeout=5)
    assert operation.error.code == code_pb2.FAILED_PRECONDITION
    info = error_details_pb2.ErrorInfo()
    assert operation.error.details[0].Unpack(info)
    assert (info.reason, info.metadata["package"]) == ("DATA_MISSING", "x")


def test_operations_are_cancelled_listed_and_deleted(live: Scene) -> None:
    stub = OperationsStub(live.channel)
    name = discover(live).name
    stub.CancelOperation(operations_pb2.CancelOperationRequest(name=name), timeout=5)
    operation = stub.GetOperation(operations_pb2.GetOperationRequest(name=name), timeout=5)
    assert (operation.done, operation.error.code) == (True, code_pb2.CANCELLED)
    listing = operations_pb2.ListOperationsRequest(name=PARENT, page_size=1000)
    names = [o.name for o in stub.ListOperations(listing, timeout=5).operations]
    assert name in names
    assert names == sorted(names)
    stub.DeleteOperation(operations_pb2.DeleteOperationRequest(name=name), timeout=5)
    with pytest.raises(grpc.RpcError) as caught:
        stub.GetOperation(operations_pb2.GetOperationRequest(name=name), timeout=5)
    assert caught.value.code() is grpc.StatusCode.NOT_FOUND


def test_a_running_operation_is_told_to_stop(live: Scene) -> None:
    name = discover(live).name
    live.jobs.update(name, lambda job: move(job, State.RUNNING))
    OperationsStub(live.channel).CancelOperation(
        operations_pb2.CancelOperationRequest(name=name), timeout=5
    )
    assert live.jobs.get(name).state is State.CANCELLING
    assert live.signals.cancel_requested(name)


def test_reflection_names_every_service(live: Scene) -> None:
    stub = reflection_pb2_grpc.ServerReflectionStub(live.channel)
    asked = reflection_pb2.ServerReflectionRequest(list_services="")
    answer = next(stub.ServerReflectionInfo(iter([asked]), timeout=5))
    names = {service.name for service in answer.list_services_response.service}
    assert {call.split("/")[1] for call in BASES} <= names
    symbol = reflection_pb2.ServerReflectionRequest(
        file_containing_symbol="directrix.v1.EditingService"
    )
    answer = next(stub.ServerReflectionInfo(iter([symbol]), timeout=5))
    assert answer.file_descriptor_response.file_descriptor_proto
