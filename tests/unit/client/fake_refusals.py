"""How the small gateway of the tests says no: rich statuses, as the real one does."""

from google.protobuf import any_pb2
from google.rpc import code_pb2, error_details_pb2, status_pb2


class Refusal(Exception):
    """Ends a call with a rich status."""

    def __init__(self, code: int, reason: str, message: str, *details, **metadata: str):
        super().__init__(message)
        info = error_details_pb2.ErrorInfo(reason=reason, domain="directrix", metadata=metadata)
        self.status = status_pb2.Status(code=code, message=message)
        for detail in (info, error_details_pb2.RequestInfo(request_id="req-1"), *details):
            packed = any_pb2.Any()
            packed.Pack(detail)
            self.status.details.append(packed)


def not_found(reason: str, name: str) -> Refusal:
    return Refusal(code_pb2.NOT_FOUND, reason, f"there is no {name}", name=name)


def invalid(field: str, description: str) -> Refusal:
    violation = error_details_pb2.BadRequest.FieldViolation(field=field, description=description)
    bad = error_details_pb2.BadRequest(field_violations=[violation])
    return Refusal(code_pb2.INVALID_ARGUMENT, "INVALID_FIELD", description, bad, field=field)
