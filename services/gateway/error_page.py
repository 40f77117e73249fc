"""docs/errors.md, made from the catalogue: `python -m services.gateway.error_page`."""

from pathlib import Path

from directrix.errors import DirectrixError
from services.gateway.errors import CODES, RETRIABLE, every_error

PAGE = Path(__file__).parents[2] / "docs" / "errors.md"

MEANINGS = {
    "INVALID_INPUT": "The request cannot be right.",
    "INVALID_FIELD": "A field breaks its documented bound; `BadRequest` names it.",
    "CONDITIONS_COLLINEAR": "What is asked for cannot be told from its conditions.",
    "SUBSPACE_EMPTY": "What is suppressed leaves nothing of what is wanted.",
    "SPACE_UNAVAILABLE": "The generator has no such latent space.",
    "LAYER_INVALID": "The generator has no such layer.",
    "IMAGE_INVALID": "Not a PNG, JPEG or WebP picture, a damaged one, or one of another size.",
    "IMAGE_TOO_LARGE": "The picture has more pixels than are decoded.",
    "MODEL_INVALID": "Card and tensors break the contract of a model folder.",
    "ARCHIVE_INVALID": "Bytes that are no archive of ours, or a damaged one.",
    "MALFORMED_MESSAGE": "The bytes are not a message of the call's request type.",
    "PAGE_TOKEN_INVALID": "The page token is not ours, or belongs to another request.",
    "REQUEST_ID_REUSED": "The request id was used before, with another request.",
    "NOT_FOUND": "Something named by the request does not exist.",
    "PROJECT_NOT_FOUND": "There is no such project.",
    "MODEL_NOT_FOUND": "There is no such model.",
    "FINDING_SET_NOT_FOUND": "There is no such finding set.",
    "SCORECARD_NOT_FOUND": "The finding set was never scored.",
    "AUDIT_NOT_FOUND": "There is no such audit.",
    "METHOD_NOT_FOUND": "No worker offers such a method; the message names those offered.",
    "OPERATION_NOT_FOUND": "There is no such operation.",
    "OBJECT_NOT_FOUND": "The artifact store lacks an object.",
    "PRECONDITION_FAILED": "Right in itself, but not in this state.",
    "FINDING_MISMATCH": "A finding or latent belongs to another generator.",
    "FINDING_UNCALIBRATED": "No scorecard says how strong the move has to be.",
    "SCORECARDS_DIFFER": "The scorecards were not measured alike: nothing can be compared.",
    "NEEDS_UNMET": "The method needs something that the request does not give.",
    "PREDICTOR_MISMATCH": "The predictor cannot read this generator's images, or is none.",
    "ENCODER_MISMATCH": "The encoder belongs to another generator or space, or is none.",
    "REMOTE_UNKNOWN": "The operator has not said where a remote predictor is.",
    "REMOTE_MISMATCH": "A remote predictor is not the model and version that its card names.",
    "BUDGET_EXCEEDED": "A job needs more time, memory or images than its budget allows.",
    "DATA_MISSING": "A data set has to be installed first.",
    "OPERATION_UNFINISHED": "Only finished operations can be deleted.",
    "CONFLICT": "Somebody else was first.",
    "OBJECT_EXISTS": "There is another object of that name.",
    "MODEL_EXISTS": "The model's id belongs to another model; ids are bound for ever.",
    "MOVE_ILLEGAL": "The operation cannot go from its state to that one.",
    "LEASE_LOST": "A newer worker has taken the job over.",
    "EXHAUSTED": "A limit is reached; `RetryInfo` says when to try again.",
    "QUEUE_FULL": "Too much waits already; `RetryInfo` says when to try again.",
    "RATE_LIMITED": "The project asks for more than it may at a time; `RetryInfo` says when again.",
    "QUOTA_EXCEEDED": "The project has more jobs under way than it may have at once.",
    "BUDGET_SPENT": "The work does not fit into its budget.",
    "UNAVAILABLE": "Something is down; try again.",
    "MODEL_NOT_READY": "The model is being loaded; try again.",
    "RECORD_UNREADABLE": "The operation is another release's: an upgrade is under way; try again.",
    "STORE_UNAVAILABLE": "The artifact store does not answer; try again.",
    "BROKER_UNAVAILABLE": "The queue does not answer; try again.",
    "REMOTE_UNAVAILABLE": "A remote predictor does not answer; try again.",
    "SERVING_UNAVAILABLE": "The replicas do not answer; try again.",
    "DEADLINE_EXCEEDED": "The call's time ran out.",
    "CANCELLED": "The caller cancelled.",
    "UNAUTHENTICATED": "The call does not say who makes it, or its credentials are not accepted.",
    "PERMISSION_DENIED": "The caller is known, but may not do this in that project.",
    "CHECKSUM_MISMATCH": "Stored bytes are not what was stored.",
    "CALL_UNKNOWN": "There is no such call.",
    "WORKER_LOST": "Workers died of the operation again and again.",
    "INTERNAL": "A defect of ours: report the request id.",
}

HEAD = """# Errors

Made from the catalogue by `python -m services.gateway.error_page`; a test compares. Every error of
the gateway is a `google.rpc.Status` whose `ErrorInfo` has domain `directrix` and one of these
reasons; what is dynamic in the message is repeated in its metadata. Invalid fields come with
`BadRequest`, what can be tried again with `RetryInfo`, limits of a project with `QuotaFailure`,
what is missing with `ResourceInfo`, and
every answer, good or bad, carries its request id as the trailing metadata `directrix-request-id`.
Messages larger than the gateway takes are refused by gRPC itself with RESOURCE_EXHAUSTED.

| reason | code | try again | meaning |
|---|---|---|---|
"""


def page() -> str:
    rows = {error.reason: error for error in every_error()}
    return HEAD + "".join(_row(rows[reason]) for reason in MEANINGS if reason in rows)


def _row(error: type[DirectrixError]) -> str:
    again = "yes" if error.kind in RETRIABLE else "no"
    code = CODES[error.kind].name
    return f"| `{error.reason}` | {code} | {again} | {MEANINGS[error.reason]} |\n"


if __name__ == "__main__":
    PAGE.write_text(page())
