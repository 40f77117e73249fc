"""Every call of the public API under malformed requests: status, reason, and life goes on."""

import json
from collections import Counter
from collections.abc import Iterator

import grpc
import pytest
from google.longrunning import operations_pb2
from google.protobuf.message import Message
from google.rpc import error_details_pb2
from grpc_health.v1 import health_pb2
from grpc_reflection.v1alpha import reflection_pb2
from grpc_status import rpc_status

from directrix.errors import InvalidField, Kind
from directrix.v1 import (
    audit_service_pb2,
    discovery_service_pb2,
    editing_service_pb2,
    explanation_service_pb2,
    finding_service_pb2,
    model_service_pb2,
)
from services.gateway.errors import CODES, RESOURCES, every_error
from tests.integration.gateway.malformed import (
    BASES,
    DOWNLOAD,
    EDIT,
    FEW,
    REFLECT,
    STREAM,
    STREAM_EXPLANATION,
    WATCH,
    Case,
    garbage,
    health_checks,
    named,
    paged,
)
from tests.integration.gateway.malformed_audits import AUDIT_FIELDS
from tests.integration.gateway.malformed_renders import RENDER_FIELDS
from tests.integration.gateway.malformed_resources import RESOURCE_FIELDS
from tests.integration.gateway.world import Scene

FILES = (
    audit_service_pb2,
    model_service_pb2,
    finding_service_pb2,
    discovery_service_pb2,
    editing_service_pb2,
    explanation_service_pb2,
    operations_pb2,
    health_pb2,
    reflection_pb2,
)
TABLES = (garbage, named, paged, health_checks, *RESOURCE_FIELDS, *RENDER_FIELDS, *AUDIT_FIELDS)
CASES = [case for table in TABLES for case in table()]
ERRORS = {error.reason: error for error in every_error()}


def every_call() -> Iterator[str]:
    for file in FILES:
        for service in file.DESCRIPTOR.services_by_name.values():
            for method in service.methods:
                yield f"/{service.full_name}/{method.name}"


def ask(live: Scene, call: str, request: Message | bytes, timeout: float = 20.0) -> bytes:
    """The answer's bytes, whatever the call."""
    data = request if isinstance(request, bytes) else request.SerializeToString()
    if call in (STREAM, REFLECT):
        return next(live.channel.stream_stream(call)(iter([data]), timeout=timeout))
    if call in (WATCH, STREAM_EXPLANATION, DOWNLOAD):
        answers = live.channel.unary_stream(call)(data, timeout=timeout)
        try:
            return next(answers)
        finally:
            answers.cancel()
    return live.channel.unary_unary(call)(data, timeout=timeout)


def test_there_are_enough_cases_of_every_call() -> None:
    calls = list(every_call())
    assert set(BASES) == set(calls)
    counts = Counter(case.call for case in CASES)
    assert {call: counts[call] for call in calls if counts[call] < (4 if call in FEW else 8)} == {}
    assert len(CASES) >= 200
    assert len({case.id for case in CASES}) == len(CASES)


# the base of DeleteOperation names a running operation, which is one of the cases itself
@pytest.mark.parametrize("call", sorted(c for c in BASES if not c.endswith("DeleteOperation")))
def test_the_requests_that_cases_start_from_are_good(live: Scene, call: str) -> None:
    ask(live, call, BASES[call](live))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_a_malformed_request_gets_its_reason_and_the_next_one_is_served(
    live: Scene, case: Case
) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        ask(live, case.call, case.make(live))
    check(caught.value, case.reason)
    answer = editing_service_pb2.EditImageResponse.FromString(ask(live, EDIT, BASES[EDIT](live)))
    assert len(answer.image.digest) == 64


def check(error: grpc.RpcError, reason: str) -> None:
    wanted = ERRORS[reason]
    assert wanted.kind is not Kind.INTERNAL
    status = rpc_status.from_call(error)
    assert status is not None, (error.code(), error.details())
    details = {detail.TypeName().rpartition(".")[2]: detail for detail in status.details}
    assert len(details) == len(status.details), "a type of detail twice"
    info = error_details_pb2.ErrorInfo()
    assert details["ErrorInfo"].Unpack(info)
    assert (info.reason, info.domain) == (reason, "directrix"), status.message
    assert error.code() is CODES[wanted.kind]
    assert ("BadRequest" in details) == issubclass(wanted, InvalidField)
    assert ("ResourceInfo" in details) == (reason in RESOURCES)
    assert "Traceback" not in status.message
    assert len(status.SerializeToString()) < 16_000
    request = error_details_pb2.RequestInfo()
    assert details["RequestInfo"].Unpack(request)
    assert request.request_id == dict(error.trailing_metadata())["directrix-request-id"]


@pytest.mark.parametrize("call", ["/directrix.v1.EditingService/Nope", "/nobody/Nothing", "/x"])
def test_unknown_calls_are_named_so(live: Scene, call: str) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        live.channel.unary_unary(call)(b"\xff\xff", timeout=5)
    check(caught.value, "CALL_UNKNOWN")


def test_messages_beyond_the_limit_are_refused_by_grpc(live: Scene) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        live.channel.unary_unary(EDIT)(b"\0" * (1024 * 1024 + 1), timeout=5)
    assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    ask(live, EDIT, BASES[EDIT](live))


def test_nothing_of_all_this_was_a_defect(live: Scene) -> None:
    lines = [json.loads(line) for line in live.log.getvalue().splitlines()]
    codes = Counter(line["code"] for line in lines if line["event"] == "call")
    assert codes["INTERNAL"] == codes["UNKNOWN"] == 0
    assert [line for line in lines if line["event"] == "defect"] == []
    assert codes["OK"] > 0
