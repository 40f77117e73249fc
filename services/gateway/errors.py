"""The one catalogue of errors: kind -> gRPC code, error -> google.rpc.Status.

    DirectrixError --code_of--> grpc.StatusCode
                   --status_of-> google.rpc.Status { ErrorInfo, RequestInfo,
                                  + BadRequest    where fields are wrong
                                  + RetryInfo     where trying again can help
                                  + QuotaFailure  where a project's limit is reached
                                  + ResourceInfo  where something is not there }

Nothing but `message` and `metadata` of the error leaves the process: no trace, path or value of
unbounded length.
"""

import grpc
from google.protobuf.any_pb2 import Any
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2

from directrix.errors import DirectrixError, InvalidField, Kind, QuotaExceeded, RateLimited

DOMAIN = "directrix"
LONGEST_MESSAGE = 600
LONGEST_VALUE = 200
RETRY_SECONDS = 1.0
"""What RetryInfo says where the error itself knows no better."""

CODES: dict[Kind, grpc.StatusCode] = {
    Kind.INVALID: grpc.StatusCode.INVALID_ARGUMENT,
    Kind.NOT_FOUND: grpc.StatusCode.NOT_FOUND,
    Kind.PRECONDITION: grpc.StatusCode.FAILED_PRECONDITION,
    Kind.CONFLICT: grpc.StatusCode.ABORTED,
    Kind.EXHAUSTED: grpc.StatusCode.RESOURCE_EXHAUSTED,
    Kind.UNAVAILABLE: grpc.StatusCode.UNAVAILABLE,
    Kind.DEADLINE: grpc.StatusCode.DEADLINE_EXCEEDED,
    Kind.CANCELLED: grpc.StatusCode.CANCELLED,
    Kind.UNAUTHENTICATED: grpc.StatusCode.UNAUTHENTICATED,
    Kind.DENIED: grpc.StatusCode.PERMISSION_DENIED,
    Kind.DATA_LOSS: grpc.StatusCode.DATA_LOSS,
    Kind.UNIMPLEMENTED: grpc.StatusCode.UNIMPLEMENTED,
    Kind.INTERNAL: grpc.StatusCode.INTERNAL,
}

RETRIABLE = frozenset({Kind.EXHAUSTED, Kind.UNAVAILABLE})

RESOURCES = {
    "PROJECT_NOT_FOUND": "directrix.v1.Project",
    "MODEL_NOT_FOUND": "directrix.v1.Model",
    "FINDING_SET_NOT_FOUND": "directrix.v1.FindingSet",
    "SCORECARD_NOT_FOUND": "directrix.v1.Scorecard",
    "METHOD_NOT_FOUND": "directrix.v1.DiscoveryMethod",
    "OPERATION_NOT_FOUND": "google.longrunning.Operation",
}


def code_of(error: DirectrixError) -> grpc.StatusCode:
    return CODES[error.kind]


def every_error() -> list[type[DirectrixError]]:
    """The whole tree, each class once."""
    found: dict[str, type[DirectrixError]] = {}
    queue: list[type[DirectrixError]] = [DirectrixError]
    while queue:
        for child in queue.pop().__subclasses__():
            found[child.__name__] = child
            queue.append(child)
    return [found[name] for name in sorted(found)]


def status_of(error: DirectrixError, request_id: str = "") -> status_pb2.Status:
    """The status that a caller sees; also what a failed operation holds (without request id)."""
    status = status_pb2.Status(code=code_of(error).value[0], message=_short(error.message))
    for detail in _details(error, request_id):
        status.details.append(_packed(detail))
    return status


def _details(error: DirectrixError, request_id: str) -> list[Message]:
    metadata = {key: _clip(str(value)) for key, value in error.metadata.items() if value}
    details: list[Message] = [
        error_details_pb2.ErrorInfo(reason=error.reason, domain=DOMAIN, metadata=metadata)
    ]
    if request_id:
        details.append(error_details_pb2.RequestInfo(request_id=request_id))
    if isinstance(error, InvalidField):
        details.append(_bad_request(error))
    if error.kind in RETRIABLE:
        details.append(_retry(error.metadata.get("retry_seconds", "")))
    if isinstance(error, RateLimited | QuotaExceeded):
        details.append(_quota(error))
    if error.kind is Kind.NOT_FOUND and error.reason in RESOURCES:
        details.append(
            error_details_pb2.ResourceInfo(
                resource_type=RESOURCES[error.reason],
                resource_name=metadata.get("name", ""),
                description=_short(error.message),
            )
        )
    return details


def _bad_request(error: InvalidField) -> Message:
    return error_details_pb2.BadRequest(
        field_violations=[
            error_details_pb2.BadRequest.FieldViolation(
                field=_clip(field), description=_short(description)
            )
            for field, description in error.violations
        ]
    )


def _quota(error: RateLimited | QuotaExceeded) -> Message:
    return error_details_pb2.QuotaFailure(
        violations=[
            error_details_pb2.QuotaFailure.Violation(
                subject=_clip(f"projects/{error.metadata.get('project', '')}"),
                description=_short(error.message),
            )
        ]
    )


def _retry(seconds: str) -> Message:
    try:
        wait = float(seconds)
    except ValueError:
        wait = RETRY_SECONDS
    info = error_details_pb2.RetryInfo()
    info.retry_delay.FromNanoseconds(int(min(max(wait, 0.01), 60.0) * 1e9))
    return info


def _packed(detail: Message) -> Any:
    packed = Any()
    packed.Pack(detail)
    return packed


def _short(text: str) -> str:
    return text if len(text) <= LONGEST_MESSAGE else text[: LONGEST_MESSAGE - 3] + "..."


def _clip(text: str) -> str:
    return text if len(text) <= LONGEST_VALUE else text[: LONGEST_VALUE - 3] + "..."
