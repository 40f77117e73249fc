"""How the command ends.

0    done (also where an explanation says "not found": that is an answer)
1    the operation failed, or a defect of the service
2    bad usage, or input that the service refuses
3    nobody answers, or the service is overloaded: try again
4    no such model, finding set, method or operation
5    not with these credentials
130  interrupted; a job that was started goes on at the service
"""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum

import typer

from directrix.client import (
    AccessDenied,
    ApiError,
    InvalidRequest,
    NotFound,
    OperationFailed,
    Overloaded,
    PreconditionFailed,
    Unavailable,
)
from directrix.errors import DirectrixError


class Exit(IntEnum):
    OK = 0
    FAILED = 1
    INVALID = 2
    UNAVAILABLE = 3
    NOT_FOUND = 4
    DENIED = 5
    INTERRUPTED = 130


FAMILIES: tuple[tuple[type[ApiError], Exit], ...] = (
    (OperationFailed, Exit.FAILED),
    (InvalidRequest, Exit.INVALID),
    (PreconditionFailed, Exit.INVALID),
    (Unavailable, Exit.UNAVAILABLE),
    (Overloaded, Exit.UNAVAILABLE),
    (NotFound, Exit.NOT_FOUND),
    (AccessDenied, Exit.DENIED),
)


WAYS_OUT = {
    "": "'make up' starts a gateway on this machine; --endpoint names another one",
    "MODEL_NOT_FOUND": "'directrix models list' shows them, 'models register FOLDER' adds one",
    "FINDING_SET_NOT_FOUND": "'directrix findings list' shows them, 'discover run' makes one",
    "OPERATION_NOT_FOUND": "'directrix jobs list' shows them",
    "METHOD_NOT_FOUND": "'directrix discover methods' shows them",
    "SCORECARD_NOT_FOUND": "discover with --predictor, and there is a scorecard too",
    "UNAUTHENTICATED": "--token-file names a file with a token or an API key, --cert and --key a "
    "client certificate",
    "PERMISSION_DENIED": "these credentials lack the scope or the project; --project names another",
    "NEEDS_UNMET": "add --predictor",
    "PREDICTOR_MISMATCH": "'directrix models show ID' says what a model takes and gives",
}
"""What to do next, by the service's reason; "" is for a service that does not answer at all."""


def exit_of(error: ApiError) -> Exit:
    return next((code for family, code in FAMILIES if isinstance(error, family)), Exit.FAILED)


@contextmanager
def reporting(as_json: bool) -> Iterator[None]:
    """Turns errors into a message on standard error and an exit code."""
    try:
        yield
    except ApiError as error:
        _report(_facts(error), as_json)
        raise typer.Exit(exit_of(error)) from error
    except TimeoutError as error:
        _report({"message": str(error)}, as_json)
        raise typer.Exit(Exit.FAILED) from error
    except BrokenPipeError:
        raise
    except (DirectrixError, OSError, ValueError) as error:
        _report({"message": str(error)}, as_json)
        raise typer.Exit(Exit.INVALID) from error


def way_out(error: ApiError) -> str:
    """What to do next; empty where the message says it already."""
    if not error.reason and not isinstance(error, Unavailable):
        return ""
    return WAYS_OUT.get(error.reason, "")


def _facts(error: ApiError) -> dict[str, object]:
    return {
        "message": error.message,
        "code": error.code.name,
        "reason": error.reason,
        "metadata": error.metadata,
        "violations": [{"field": v.field, "description": v.description} for v in error.violations],
        "request_id": error.request_id,
        "way_out": way_out(error),
    }


def _report(facts: dict[str, object], as_json: bool) -> None:
    if as_json:
        print(json.dumps({"error": facts}), file=sys.stderr)
        return
    lines = [f"error: {facts['message']}"]
    violations = facts.get("violations")
    if isinstance(violations, list) and len(violations) > 1:
        lines += [f"  {v['field']}: {v['description']}" for v in violations]
    if facts.get("way_out"):
        lines.append(f"  {facts['way_out']}")
    if facts.get("reason"):
        lines.append(f"  reason {facts['reason']}, request {facts['request_id'] or 'unknown'}")
    print("\n".join(lines), file=sys.stderr)
