"""Errors as messages of the internal service, and back into the same class."""

from directrix.errors import DirectrixError, Internal
from directrix.inference.v1 import inference_service_pb2 as pb


def reasons() -> dict[str, type[DirectrixError]]:
    """Every class of the tree by its reason; the one nearest to the root where two share one."""
    found: dict[str, type[DirectrixError]] = {Internal.reason: Internal}
    waiting: list[type[DirectrixError]] = [DirectrixError]
    while waiting:
        each = waiting.pop(0)
        found.setdefault(each.reason, each)
        waiting += each.__subclasses__()
    return found


def error_to_proto(error: BaseException) -> pb.ItemError:
    """Anything but our own errors becomes INTERNAL, without its text: it may name paths."""
    if not isinstance(error, DirectrixError):
        return pb.ItemError(reason=Internal.reason, message="an error of ours; it has been logged")
    metadata = {key: str(value) for key, value in error.metadata.items()}
    return pb.ItemError(reason=error.reason, message=error.message, metadata=metadata)


def error_from_proto(message: pb.ItemError) -> DirectrixError:
    kind = reasons().get(message.reason, Internal)
    return kind(message.message, **dict(message.metadata))
