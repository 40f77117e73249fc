import pickle

import grpc
import pytest
from google.protobuf import any_pb2
from google.rpc import error_details_pb2, status_pb2

from directrix.client import errors


def packed(*messages):
    status = status_pb2.Status()
    for message in messages:
        status.details.add().Pack(message)
    return status.details


def test_every_code_has_a_family():
    families = {code: errors.FAMILIES.get(code, errors.ServerFault) for code in grpc.StatusCode}
    assert families[grpc.StatusCode.NOT_FOUND] is errors.NotFound
    assert families[grpc.StatusCode.ABORTED] is errors.Conflict
    assert families[grpc.StatusCode.UNKNOWN] is errors.ServerFault
    assert all(issubclass(family, errors.ApiError) for family in families.values())


def test_errors_go_from_process_to_process():
    sent = errors.OperationFailed(
        "no room",
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        errors.Details("QUEUE_FULL", {"waiting": "5"}),
    )
    sent.operation = "operations/1"
    got = pickle.loads(pickle.dumps(sent))
    assert type(got) is errors.OperationFailed and str(got) == "no room"
    assert vars(got) == vars(sent)


def test_details_of_all_known_kinds():
    retry = error_details_pb2.RetryInfo()
    retry.retry_delay.FromMilliseconds(1500)
    found = errors.details(
        packed(
            error_details_pb2.ErrorInfo(reason="QUEUE_FULL", metadata={"waiting": "512"}),
            error_details_pb2.RequestInfo(request_id="r1"),
            retry,
            error_details_pb2.BadRequest(
                field_violations=[
                    error_details_pb2.BadRequest.FieldViolation(field="seed", description="< 0")
                ]
            ),
        )
    )
    assert found == errors.Details(
        reason="QUEUE_FULL",
        metadata={"waiting": "512"},
        violations=(errors.Violation("seed", "< 0"),),
        request_id="r1",
        retry_after=1.5,
    )


def test_unknown_details_are_left_out():
    stranger = any_pb2.Any(type_url="type.googleapis.com/some.Thing", value=b"x")
    assert errors.details([stranger]) == errors.Details()


@pytest.mark.parametrize(
    ("code", "family"),
    [(9, errors.OperationFailed), (1, errors.OperationCancelled), (99, errors.OperationFailed)],
)
def test_errors_of_operations(code, family):
    error = errors.of_operation("projects/p/operations/o", status_pb2.Status(code=code))
    assert type(error) is family and error.operation == "projects/p/operations/o"
    assert error.message
