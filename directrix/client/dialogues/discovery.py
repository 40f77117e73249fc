"""Discoveries, and the long-running operations that they, trainings and audits are."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

from google.longrunning import operations_pb2
from google.protobuf import duration_pb2, empty_pb2, json_format, timestamp_pb2

from directrix.client.dialogues.paging import PAGE, everything
from directrix.client.dialogues.spending import budget_of, estimate_of, priority_of
from directrix.client.errors import OperationFailed, of_operation
from directrix.client.names import Names
from directrix.client.steps import Call, Dialogue, Pause
from directrix.client.values import (
    Audited,
    Costs,
    Discovery,
    Estimate,
    Failure,
    Job,
    Method,
    Priority,
    Progress,
    Result,
    TrainedEncoder,
)
from directrix.v1 import discovery_service_pb2 as pb
from directrix.v1 import explanation_service_pb2, model_service_pb2

SERVICE = "/directrix.v1.DiscoveryService"
OPERATIONS = "/google.longrunning.Operations"
LONGEST_WAIT = 10.0
"""Seconds that one call may wait at the service."""
PATIENCE = 0.5
"""Seconds before a job that is not done is asked for again."""


def methods(names: Names) -> Dialogue[list[Method]]:
    def page(token: str) -> Call:
        request = pb.ListDiscoveryMethodsRequest(
            parent=names.parent, page_size=PAGE, page_token=token
        )
        rpc = f"{SERVICE}/ListDiscoveryMethods"
        return Call(rpc, request, pb.ListDiscoveryMethodsResponse, deadline=15)

    return (yield from everything(page, lambda answer: map(_method, answer.methods)))


def discover(
    names: Names,
    generator: str,
    method: str,
    predictors: Sequence[str],
    parameters: Mapping[str, Any],
    seed: int,
    samples: int | None,
    request_id: str,
    judges: Sequence[str] = (),
    budget: Mapping[str, float] | None = None,
    priority: Priority = "normal",
) -> Dialogue[Job]:
    request = pb.DiscoverFindingsRequest(
        parent=names.parent,
        generator=names.model(generator),
        predictors=map(names.model, predictors),
        judges=map(names.model, judges),
        method=method,
        seed=seed,
        samples=samples or 0,
        request_id=request_id,
        job_budget=budget_of(budget),
        priority=priority_of(priority),
    )
    request.parameters.update(parameters)
    answer = yield _start(request)
    return _job(answer)


def foresee(
    names: Names,
    generator: str,
    method: str,
    predictors: Sequence[str],
    parameters: Mapping[str, Any],
    samples: int | None,
    judges: Sequence[str] = (),
) -> Dialogue[Estimate | None]:
    request = pb.DiscoverFindingsRequest(
        parent=names.parent,
        generator=names.model(generator),
        predictors=map(names.model, predictors),
        judges=map(names.model, judges),
        method=method,
        samples=samples or 0,
        validate_only=True,
    )
    request.parameters.update(parameters)
    answer = yield _start(request)
    return estimate_of(answer)


def _start(request: pb.DiscoverFindingsRequest) -> Call:
    return Call(f"{SERVICE}/DiscoverFindings", request, operations_pb2.Operation, deadline=30)


def job(names: Names, name: str) -> Dialogue[Job]:
    request = operations_pb2.GetOperationRequest(name=names.operation(name))
    rpc = f"{OPERATIONS}/GetOperation"
    answer = yield Call(rpc, request, operations_pb2.Operation, deadline=15)
    return _job(answer)


def jobs(names: Names) -> Dialogue[list[Job]]:
    def page(token: str) -> Call:
        request = operations_pb2.ListOperationsRequest(
            name=names.parent, page_size=PAGE, page_token=token
        )
        rpc = f"{OPERATIONS}/ListOperations"
        return Call(rpc, request, operations_pb2.ListOperationsResponse, deadline=30)

    return (yield from everything(page, lambda answer: map(_job, answer.operations)))


def cancel(names: Names, name: str) -> Dialogue[None]:
    request = operations_pb2.CancelOperationRequest(name=names.operation(name))
    yield Call(f"{OPERATIONS}/CancelOperation", request, empty_pb2.Empty, deadline=15)


def wait(names: Names, name: str, seconds: float) -> Dialogue[Job]:
    """The job as it stands when it is done or `seconds` have passed.

    A service that answers sooner, undone, is asked again after a moment, not at once.
    """
    seconds = min(seconds, LONGEST_WAIT)
    timeout = duration_pb2.Duration()
    timeout.FromMilliseconds(max(1, int(seconds * 1000)))
    request = operations_pb2.WaitOperationRequest(name=names.operation(name), timeout=timeout)
    end = time.monotonic() + seconds
    rpc = f"{OPERATIONS}/WaitOperation"
    answer = yield Call(rpc, request, operations_pb2.Operation, deadline=seconds + 15)
    if not answer.done and (left := end - time.monotonic()) > 0:
        yield Pause(min(left, PATIENCE))
    return _job(answer)


def result(names: Names, name: str, timeout: float | None) -> Dialogue[Result]:
    """Raises OperationFailed, OperationCancelled, or TimeoutError where the job still runs."""
    end = None if timeout is None else time.monotonic() + timeout
    while True:
        left = LONGEST_WAIT if end is None else max(end - time.monotonic(), 0.0)
        found = yield from wait(names, name, left)
        if found.error is not None:
            raise found.error
        if found.result is not None:
            return found.result
        if end is not None and time.monotonic() >= end:
            raise TimeoutError(f"{name} still runs after {timeout:g} s")


def _method(message: pb.DiscoveryMethod) -> Method:
    return Method(
        name=message.method,
        description=message.description,
        version=message.version,
        needs=tuple(message.needs),
        schema=json_format.MessageToDict(message.parameters_schema),
    )


def _job(operation: operations_pb2.Operation) -> Job:
    metadata = pb.DiscoverFindingsMetadata()
    operation.metadata.Unpack(metadata)
    return Job(
        name=operation.name,
        done=operation.done,
        progress=_progress(metadata),
        result=_result(operation),
        error=_error(operation),
    )


def _result(operation: operations_pb2.Operation) -> Result | None:
    if operation.WhichOneof("result") != "response":
        return None
    trained = model_service_pb2.TrainEncoderResponse()
    if operation.response.Unpack(trained):
        return TrainedEncoder(trained.model, trained.digest)
    audited = explanation_service_pb2.AuditClassifierResponse()
    if operation.response.Unpack(audited):
        accused = audited.accused_count if audited.HasField("accused_count") else None
        return Audited(audited.audit, audited.digest, audited.finding_count, accused)
    answer = pb.DiscoverFindingsResponse()
    if not operation.response.Unpack(answer):
        return None
    return Discovery(answer.finding_set, answer.digest, answer.finding_count, answer.scored)


def _error(operation: operations_pb2.Operation) -> OperationFailed | None:
    if operation.WhichOneof("result") != "error":
        return None
    return of_operation(operation.name, operation.error)


def _progress(metadata: pb.DiscoverFindingsMetadata) -> Progress:
    state = pb.DiscoverFindingsMetadata.State.Name(metadata.state)
    return Progress(
        state=state.removeprefix("STATE_").lower(),
        stage=metadata.stage,
        done=metadata.done,
        total=metadata.total,
        note=metadata.note,
        attempt=metadata.attempt,
        method=metadata.method,
        generator=metadata.generator,
        seconds=_seconds(metadata.update_time) - _seconds(metadata.create_time),
        costs=Costs(metadata.costs.seconds, metadata.costs.images, metadata.costs.memory_mb),
        failures=tuple(Failure(f.attempt, f.reason, f.message) for f in metadata.failures),
        finding_set=metadata.finding_set,
    )


def _seconds(time_stamp: timestamp_pb2.Timestamp) -> float:
    return float(time_stamp.ToNanoseconds() / 1e9)
