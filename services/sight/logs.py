"""Logs: one line of JSON an event, from every service in the same form.

    {"ts": ..., "level": ..., "event": ..., ids of the call or job, fields of the event}

Own events and those of libraries (through `logging`) take the same way: ids, redaction, JSON.
"""

import json
import logging
import sys
from collections.abc import Callable
from typing import Any, TextIO

import structlog
from pydantic import SecretStr
from structlog.contextvars import merge_contextvars
from structlog.typing import EventDict

from services.settings import Settings
from services.sight import tracing
from services.sight.redaction import Redactor

OURS = ("ts", "level", "service", "event", "request_id", "trace_id", "code", "reason", "duration")
"""These open a line, in this order; but for the event they are made here and have no need of
redaction."""

Processor = Callable[[Any, str, EventDict], Any]


def secrets_of(settings: Settings) -> list[str]:
    """Every secret value of the settings."""
    values = [getattr(settings, name) for name in type(settings).model_fields]
    return [value.get_secret_value() for value in values if isinstance(value, SecretStr)]


def processors(service: str, redactor: Redactor) -> list[Processor]:
    """What every event passes, in order; the last makes it a line."""

    def name_service(_: Any, __: str, event: EventDict) -> EventDict:
        event["service"] = service
        if trace := tracing.trace_id():
            event["trace_id"] = trace
        return event

    def redact(_: Any, __: str, event: EventDict) -> dict[str, Any]:
        line = {name: event.pop(name) for name in OURS if name in event}
        line["event"] = redactor.value("event", line["event"])
        return line | redactor.fields(event)

    return [
        merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="ts"),
        name_service,
        structlog.processors.format_exc_info,
        redact,
        structlog.processors.JSONRenderer(serializer=json.dumps, default=str),
    ]


def open_log(
    out: TextIO, service: str, redactor: Redactor | None = None, level: str = "INFO"
) -> structlog.typing.FilteringBoundLogger:
    """A log that writes to `out`, unbuffered where `out` is stderr."""
    logger: structlog.typing.FilteringBoundLogger = structlog.wrap_logger(
        structlog.WriteLogger(out),
        processors=processors(service, redactor or Redactor()),
        wrapper_class=structlog.make_filtering_bound_logger(level.lower()),
        cache_logger_on_first_use=True,
    )
    return logger.bind()


def take_over_logging(service: str, settings: Settings, out: TextIO | None = None) -> None:
    """From here on everything that this process logs through `logging` is such a line too."""
    *before, render = processors(service, Redactor(secrets_of(settings)))
    handler = logging.StreamHandler(out or sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *before,
                render,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.log_level)
