"""Every error that the client raises for an answer of the service: one tree, a class a way out.

    ApiError
    ├── InvalidRequest       change the request            INVALID_ARGUMENT, OUT_OF_RANGE
    ├── NotFound             change the name               NOT_FOUND
    ├── PreconditionFailed   right in itself, not now      FAILED_PRECONDITION
    ├── Conflict             somebody else was first       ABORTED, ALREADY_EXISTS
    ├── Overloaded           wait, then try again          RESOURCE_EXHAUSTED
    ├── Unavailable          nobody answers; try again     UNAVAILABLE
    ├── DeadlineExceeded     it took longer than allowed   DEADLINE_EXCEEDED
    ├── Cancelled            somebody cancelled it         CANCELLED
    ├── AccessDenied         not with these rights         UNAUTHENTICATED, PERMISSION_DENIED
    ├── ServerFault          a defect of the service       INTERNAL, UNKNOWN, DATA_LOSS, ...
    └── OperationFailed      a long job was accepted, ran and ended in an error
        └── OperationCancelled

The call was sent again already where that can help (UNAVAILABLE, and CANCELLED by the server).
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

import grpc
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2
from grpc_status import rpc_status


@dataclass(frozen=True)
class Violation:
    """One field of a request that breaks its bound."""

    field: str
    description: str


@dataclass(frozen=True)
class Details:
    """What a status carries beside code and message."""

    reason: str = ""
    metadata: dict[str, str] = field(default_factory=dict)
    violations: tuple[Violation, ...] = ()
    request_id: str = ""
    retry_after: float | None = None
    """Seconds after which the service wants to be asked again."""


class ApiError(Exception):
    """Base of the tree.

    code: the status code. reason: the machine-readable word of the service's error catalogue,
    empty where the answer did not come from the service itself. metadata: what is dynamic in the
    message. violations: fields of the request that break their bounds. request_id: to quote when
    asking the service's people.
    """

    def __init__(self, message: str, code: grpc.StatusCode, details: Details | None = None):
        super().__init__(message)
        details = details or Details()
        self.message = message
        self.code = code
        self.reason = details.reason
        self.metadata = details.metadata
        self.violations = details.violations
        self.request_id = details.request_id
        self.retry_after = details.retry_after

    def __reduce__(self) -> tuple[Any, ...]:
        """Goes from process to process whole, as other exceptions do."""
        return type(self), (self.message, self.code), self.__dict__


class InvalidRequest(ApiError):
    """The request cannot be right; `violations` name its fields."""


class NotFound(ApiError):
    """No such model, finding set, method or operation."""


class PreconditionFailed(ApiError):
    """Right in itself, not in this state: a finding of another generator, a missing predictor."""


class Conflict(ApiError):
    """Somebody else was first, or the name stands for something else."""


class Overloaded(ApiError):
    """The service refuses work early rather than queue it; see `retry_after`."""


class Unavailable(ApiError):
    """Nobody answers, or what is needed is not ready yet."""


class DeadlineExceeded(ApiError):
    """The answer did not come in time."""


class Cancelled(ApiError):
    """The call was cancelled."""


class AccessDenied(ApiError):
    """Not with these rights."""


class ServerFault(ApiError):
    """A defect of the service."""


class OperationFailed(ApiError):
    """A long job ended in an error; `operation` is its name."""

    operation: str = ""


class OperationCancelled(OperationFailed):
    """A long job was cancelled."""


FAMILIES: dict[grpc.StatusCode, type[ApiError]] = {
    grpc.StatusCode.INVALID_ARGUMENT: InvalidRequest,
    grpc.StatusCode.OUT_OF_RANGE: InvalidRequest,
    grpc.StatusCode.NOT_FOUND: NotFound,
    grpc.StatusCode.FAILED_PRECONDITION: PreconditionFailed,
    grpc.StatusCode.ABORTED: Conflict,
    grpc.StatusCode.ALREADY_EXISTS: Conflict,
    grpc.StatusCode.RESOURCE_EXHAUSTED: Overloaded,
    grpc.StatusCode.UNAVAILABLE: Unavailable,
    grpc.StatusCode.DEADLINE_EXCEEDED: DeadlineExceeded,
    grpc.StatusCode.CANCELLED: Cancelled,
    grpc.StatusCode.UNAUTHENTICATED: AccessDenied,
    grpc.StatusCode.PERMISSION_DENIED: AccessDenied,
}
CODES = {code.value[0]: code for code in grpc.StatusCode}
REQUEST_ID = "directrix-request-id"
"""Trailing metadata that every answer of the service carries."""


def of_call(error: grpc.RpcError) -> ApiError:
    """The error of a failed call, sync or async."""
    status = _status(error)
    found = details(status.details) if status is not None else Details()
    if not found.request_id:
        trailers: Any = error.trailing_metadata() or ()
        ids = [str(value) for key, value in trailers if key == REQUEST_ID]
        found = replace(found, request_id="".join(ids[:1]))
    message = (status.message if status is not None else "") or error.details() or str(error.code())
    return FAMILIES.get(error.code(), ServerFault)(message, error.code(), found)


def of_operation(name: str, status: status_pb2.Status) -> OperationFailed:
    """The error that a long job ended in."""
    code = CODES.get(status.code, grpc.StatusCode.UNKNOWN)
    cancelled = code is grpc.StatusCode.CANCELLED
    family = OperationCancelled if cancelled else OperationFailed
    error = family(status.message or code.value[1], code, details(status.details))
    error.operation = name
    return error


def details(messages: Iterable[Message]) -> Details:
    """Reads ErrorInfo, BadRequest, RequestInfo and RetryInfo; leaves out what it does not know."""
    info, bad = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
    request, retry = error_details_pb2.RequestInfo(), error_details_pb2.RetryInfo()
    known = (info, bad, request, retry)
    unpacked = [m for packed in messages for m in known if packed.Unpack(m)]
    return Details(
        reason=info.reason,
        metadata=dict(info.metadata),
        violations=tuple(Violation(v.field, v.description) for v in bad.field_violations),
        request_id=request.request_id,
        retry_after=retry.retry_delay.ToTimedelta().total_seconds() if retry in unpacked else None,
    )


def _status(error: grpc.RpcError) -> status_pb2.Status | None:
    try:
        return rpc_status.from_call(error)
    except ValueError:  # details that contradict the status: trust the status
        return None
