"""What both clients share: channel options, metadata, and statuses as errors of ours."""

import grpc

from directrix.errors import (
    DeadlineExceeded,
    DirectrixError,
    Internal,
    InvalidField,
    QueueFull,
    ServingUnavailable,
    Unauthenticated,
)

SECRET_KEY = "directrix-secret"
"""The metadata key of the internal secret."""

MAX_MESSAGE_BYTES = 64 * 1024 * 1024
"""32 images of 256 x 256 x 3 are 6 MB; gRPC's own limit is 4 MiB."""

RETRY_SECONDS = 0.1

OPTIONS = [
    ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
    ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
    # A replica that comes back is found at once instead of after gRPC's growing pauses.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 1000),
    # Two clients of one process keep apart, also where their targets are equal.
    ("grpc.use_local_subchannel_pool", 1),
]

_ERRORS: dict[grpc.StatusCode, type[DirectrixError]] = {
    grpc.StatusCode.UNAVAILABLE: ServingUnavailable,
    grpc.StatusCode.NOT_FOUND: ServingUnavailable,  # Ray Serve: the application is not up yet
    grpc.StatusCode.UNIMPLEMENTED: ServingUnavailable,  # the same, before any application is
    grpc.StatusCode.ABORTED: ServingUnavailable,
    grpc.StatusCode.DEADLINE_EXCEEDED: DeadlineExceeded,
    grpc.StatusCode.CANCELLED: ServingUnavailable,  # the replica stops, and drops its calls
    grpc.StatusCode.UNAUTHENTICATED: Unauthenticated,
    grpc.StatusCode.RESOURCE_EXHAUSTED: QueueFull,
}

_MESSAGES: dict[type[DirectrixError], str] = {
    ServingUnavailable: "no replica can be reached; try again",
    DeadlineExceeded: "the time of the call ran out at the replica",
    Unauthenticated: "the replica refuses the internal secret",
    QueueFull: "the replicas have too much to do; try again",
    Internal: "the replica failed",
}


class CallMetadata:
    """What calls carry: the secret, and the Ray Serve application that each method belongs to.

    scoring, explaining: applications of their own for those calls; empty means `application`.
    """

    def __init__(self, secret: str, application: str, scoring: str = "", explaining: str = ""):
        self._secret = secret
        self._application = application
        self._own = {"Score": scoring, "Explain": explaining, "Invert": explaining}

    def of(self, method: str) -> tuple[tuple[str, str], ...]:
        application = self._own.get(method) or self._application
        pairs = ((SECRET_KEY, self._secret), ("application", application))
        return tuple((key, value) for key, value in pairs if value)


def rpc_error(code: grpc.StatusCode, details: str | None) -> DirectrixError:
    """The error that a status stands for; its message is ours, for details may name addresses."""
    if code is grpc.StatusCode.RESOURCE_EXHAUSTED and "larger than max" in (details or ""):
        return InvalidField("the message is larger than replicas take", field="request")
    kind = _ERRORS.get(code, Internal)
    if kind is Internal and "RST_STREAM" in (details or ""):
        kind = ServingUnavailable  # the connection broke while the replica computed
    return kind(_MESSAGES[kind], status=code.name)
