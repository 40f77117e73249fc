r"""The ids of the call or job at hand: bound once, carried by every line of log below.

    client -> gateway -> metadata of the internal call -> replica
                     \-> record of the job -> header of the message -> worker

They live in the context of the running task or thread; a task that is started inherits them.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

from structlog.contextvars import (
    bind_contextvars,
    bound_contextvars,
    get_contextvars,
    unbind_contextvars,
)

from services.sight import tracing

REQUEST_KEY = "directrix-request-id"
"""The metadata key of a request id, from clients, to replicas and in every answer."""

ANYBODY = "anonymous"
"""Who calls, as long as nobody is asked to say so."""

_REQUEST_ID = re.compile(r"[A-Za-z0-9-]{8,64}")


def bind(**ids: str) -> None:
    """From here on, in this task: request_id, operation, project, subject, rpc."""
    bind_contextvars(**ids)


def unbind(*names: str) -> None:
    unbind_contextvars(*names)


@contextmanager
def bound(**ids: str) -> Iterator[None]:
    """The same for the body of a `with`."""
    with bound_contextvars(**ids):
        yield


def known() -> dict[str, str]:
    """Everything that is bound here."""
    return {name: str(value) for name, value in get_contextvars().items()}


def get(name: str, otherwise: str = "") -> str:
    return known().get(name, otherwise)


def offered(metadata: Iterable[tuple[str, str | bytes]] | None) -> str:
    """The request id that a caller sent along; empty where there is none, or none of that form."""
    for key, value in metadata or ():
        if key == REQUEST_KEY and isinstance(value, str) and _REQUEST_ID.fullmatch(value):
            return value
    return ""


def arrive(metadata: Iterable[tuple[str, str | bytes]] | None) -> None:
    """Binds what a caller of ours sent along, for the rest of this call."""
    bind(request_id=offered(metadata))


def outgoing() -> tuple[tuple[str, str], ...]:
    """Metadata for a call to another process."""
    request_id = get("request_id")
    own = ((REQUEST_KEY, request_id),) if request_id else ()
    return own + tuple(tracing.carried().items())


def headers() -> dict[str, str]:
    """What a message or a record carries for whoever takes the work up."""
    own = {"request_id": request_id} if (request_id := get("request_id")) else {}
    return own | tracing.carried()


def of_headers(headers: Mapping[str, object]) -> dict[str, str]:
    """What `headers` of another process say; anything of another form is left out."""
    value = headers.get("request_id")
    if isinstance(value, str) and _REQUEST_ID.fullmatch(value):
        return {"request_id": value}
    return {}
