"""Every error that Directrix raises on purpose: one tree, each with a neutral kind and a reason.

    DirectrixError
    ├── InvalidInput             what was given cannot be right
    │   ├── InvalidField         a value breaks its documented bound
    │   │   ├── ConditionsCollinear  what is asked for cannot be told from its conditions
    │   │   └── SubspaceEmpty    nothing that is wanted is left among what is held
    │   ├── SpaceUnavailable     the generator has no such latent space
    │   ├── LayerInvalid         the generator has no such layer
    │   ├── ImageInvalid         not an image that we decode
    │   ├── ImageTooLarge        more pixels than allowed
    │   ├── ModelInvalid         a model folder or upload breaks its contract
    │   ├── ArchiveInvalid       bytes that are not an archive of ours
    │   ├── MessageMalformed     bytes that are not a message of the kind that is wanted
    │   ├── PageTokenInvalid     a page token that we did not give, or for another request
    │   └── RequestIdReused      the same request id with another request
    ├── NotFound
    │   ├── ProjectNotFound
    │   ├── ModelNotFound
    │   ├── FindingSetNotFound
    │   ├── ScorecardNotFound    the finding set was never scored
    │   ├── AuditNotFound
    │   ├── MethodNotFound
    │   ├── OperationNotFound
    │   └── ObjectNotFound       the artifact store has no such object
    ├── Precondition             right in itself, not in this state
    │   ├── FindingMismatch      a finding of another generator
    │   ├── FindingUncalibrated  no scorecard says how far a finding has to be followed
    │   ├── ScorecardsDiffer     scorecards that were not measured alike
    │   ├── NeedsUnmet           a method lacks what it declares to need
    │   ├── PredictorMismatch    a predictor that cannot read this generator's images
    │   ├── EncoderMismatch      an encoder of another generator or space
    │   ├── RemoteUnknown        nobody has said where a remote predictor is
    │   ├── RemoteMismatch       a remote predictor is not what the card says
    │   ├── BudgetExceeded       a job needs more than it may spend
    │   ├── DataMissing          a data set that has to be installed first
    │   └── OperationUnfinished  asked for the end of what still runs
    ├── Conflict                 somebody else was first
    │   ├── ObjectExists         conditional write lost
    │   ├── ModelExists          the model's id belongs to another digest
    │   ├── MoveIllegal          a job cannot go from its state to that one
    │   └── LeaseLost            a newer holder has the fencing number
    ├── Exhausted
    │   ├── QueueFull
    │   ├── RateLimited          a project asks for more than it may at a time
    │   ├── QuotaExceeded        a project has more than it may at once
    │   └── BudgetSpent
    ├── Unavailable              try again
    │   ├── ModelNotReady
    │   ├── StoreUnavailable
    │   ├── BrokerUnavailable
    │   ├── RecordUnreadable     a job that another release wrote
    │   ├── RemoteUnavailable    a remote predictor does not answer
    │   └── ServingUnavailable
    ├── DeadlineExceeded
    ├── Cancelled
    ├── Unauthenticated          nobody knows who calls; an internal call without its secret
    ├── PermissionDenied         known, but not entitled to this in that project
    ├── ChecksumMismatch         stored bytes changed
    ├── CallUnknown              no such call in this service
    └── Internal                 a defect of ours
        └── WorkerLost           workers died of a job again and again

The kind says what a caller can do about it; only the gateway knows gRPC status codes. `metadata`
repeats whatever is dynamic in the message, for programs.
"""

from enum import StrEnum


class Kind(StrEnum):
    INVALID = "invalid"
    NOT_FOUND = "not_found"
    PRECONDITION = "precondition"
    CONFLICT = "conflict"
    EXHAUSTED = "exhausted"
    UNAVAILABLE = "unavailable"
    DEADLINE = "deadline"
    CANCELLED = "cancelled"
    UNAUTHENTICATED = "unauthenticated"
    DENIED = "denied"
    DATA_LOSS = "data_loss"
    UNIMPLEMENTED = "unimplemented"
    INTERNAL = "internal"


class DirectrixError(Exception):
    """Base of the tree. `str(error)` is safe to show to a caller."""

    kind: Kind = Kind.INTERNAL
    reason: str = "INTERNAL"

    def __init__(self, message: str, **metadata: str):
        super().__init__(message)
        self.message = message
        self.metadata = metadata


class InvalidInput(DirectrixError):
    kind = Kind.INVALID
    reason = "INVALID_INPUT"


class InvalidField(InvalidInput):
    """A value that breaks its bound; metadata carries `field` with its path.

    violations: (field, what is wrong) of all fields, where more than one was looked at.
    """

    reason = "INVALID_FIELD"

    def __init__(
        self,
        message: str,
        field: str = "",
        violations: tuple[tuple[str, str], ...] = (),
        **metadata: str,
    ):
        super().__init__(message, field=field, **metadata)
        self.field = field
        self.violations = violations or ((field, message),)


class ConditionsCollinear(InvalidField):
    """Conditions that leave too little of what is asked for; metadata has `residual_norm`.

    Invalid, not a precondition: the same request always ends so, population and seed being its
    own.
    """

    reason = "CONDITIONS_COLLINEAR"


class SubspaceEmpty(InvalidField):
    """Suppressed criterions that leave nothing of the wanted ones; metadata: `free_dimensions`."""

    reason = "SUBSPACE_EMPTY"


class SpaceUnavailable(InvalidInput):
    reason = "SPACE_UNAVAILABLE"


class LayerInvalid(InvalidInput):
    reason = "LAYER_INVALID"


class ImageInvalid(InvalidInput):
    reason = "IMAGE_INVALID"


class ImageTooLarge(InvalidInput):
    reason = "IMAGE_TOO_LARGE"


class ModelInvalid(InvalidInput):
    reason = "MODEL_INVALID"


class ArchiveInvalid(InvalidInput):
    reason = "ARCHIVE_INVALID"


class MessageMalformed(InvalidInput):
    reason = "MALFORMED_MESSAGE"


class PageTokenInvalid(InvalidInput):
    reason = "PAGE_TOKEN_INVALID"


class RequestIdReused(InvalidInput):
    reason = "REQUEST_ID_REUSED"


class NotFound(DirectrixError):
    kind = Kind.NOT_FOUND
    reason = "NOT_FOUND"


class ProjectNotFound(NotFound):
    reason = "PROJECT_NOT_FOUND"


class ModelNotFound(NotFound):
    reason = "MODEL_NOT_FOUND"


class FindingSetNotFound(NotFound):
    reason = "FINDING_SET_NOT_FOUND"


class ScorecardNotFound(NotFound):
    reason = "SCORECARD_NOT_FOUND"


class AuditNotFound(NotFound):
    reason = "AUDIT_NOT_FOUND"


class MethodNotFound(NotFound):
    reason = "METHOD_NOT_FOUND"


class OperationNotFound(NotFound):
    reason = "OPERATION_NOT_FOUND"


class ObjectNotFound(NotFound):
    reason = "OBJECT_NOT_FOUND"


class Precondition(DirectrixError):
    kind = Kind.PRECONDITION
    reason = "PRECONDITION_FAILED"


class FindingMismatch(Precondition):
    reason = "FINDING_MISMATCH"


class FindingUncalibrated(Precondition):
    reason = "FINDING_UNCALIBRATED"


class ScorecardsDiffer(Precondition):
    reason = "SCORECARDS_DIFFER"


class NeedsUnmet(Precondition):
    reason = "NEEDS_UNMET"


class PredictorMismatch(Precondition):
    reason = "PREDICTOR_MISMATCH"


class EncoderMismatch(Precondition):
    reason = "ENCODER_MISMATCH"


class RemoteUnknown(Precondition):
    reason = "REMOTE_UNKNOWN"


class RemoteMismatch(Precondition):
    reason = "REMOTE_MISMATCH"


class DataMissing(Precondition):
    reason = "DATA_MISSING"


class BudgetExceeded(Precondition):
    reason = "BUDGET_EXCEEDED"


class OperationUnfinished(Precondition):
    reason = "OPERATION_UNFINISHED"


class Conflict(DirectrixError):
    kind = Kind.CONFLICT
    reason = "CONFLICT"


class ObjectExists(Conflict):
    reason = "OBJECT_EXISTS"


class ModelExists(Conflict):
    reason = "MODEL_EXISTS"


class MoveIllegal(Conflict):
    reason = "MOVE_ILLEGAL"


class LeaseLost(Conflict):
    reason = "LEASE_LOST"


class Exhausted(DirectrixError):
    kind = Kind.EXHAUSTED
    reason = "EXHAUSTED"


class QueueFull(Exhausted):
    reason = "QUEUE_FULL"


class RateLimited(Exhausted):
    """Metadata: `project`, `limit` in words, `retry_seconds`."""

    reason = "RATE_LIMITED"


class QuotaExceeded(Exhausted):
    """Metadata: `project`, `limit` in words."""

    reason = "QUOTA_EXCEEDED"


class BudgetSpent(Exhausted):
    reason = "BUDGET_SPENT"


class Unavailable(DirectrixError):
    kind = Kind.UNAVAILABLE
    reason = "UNAVAILABLE"


class ModelNotReady(Unavailable):
    reason = "MODEL_NOT_READY"


class StoreUnavailable(Unavailable):
    reason = "STORE_UNAVAILABLE"


class BrokerUnavailable(Unavailable):
    reason = "BROKER_UNAVAILABLE"


class RecordUnreadable(Unavailable):
    reason = "RECORD_UNREADABLE"


class RemoteUnavailable(Unavailable):
    reason = "REMOTE_UNAVAILABLE"


class ServingUnavailable(Unavailable):
    reason = "SERVING_UNAVAILABLE"


class DeadlineExceeded(DirectrixError):
    kind = Kind.DEADLINE
    reason = "DEADLINE_EXCEEDED"


class Cancelled(DirectrixError):
    kind = Kind.CANCELLED
    reason = "CANCELLED"


class Unauthenticated(DirectrixError):
    kind = Kind.UNAUTHENTICATED
    reason = "UNAUTHENTICATED"


class PermissionDenied(DirectrixError):
    """Says the same of a project that there is and of one that there is not."""

    kind = Kind.DENIED
    reason = "PERMISSION_DENIED"


class ChecksumMismatch(DirectrixError):
    kind = Kind.DATA_LOSS
    reason = "CHECKSUM_MISMATCH"


class CallUnknown(DirectrixError):
    kind = Kind.UNIMPLEMENTED
    reason = "CALL_UNKNOWN"


class Internal(DirectrixError):
    kind = Kind.INTERNAL
    reason = "INTERNAL"


class WorkerLost(Internal):
    reason = "WORKER_LOST"
