"""Entry: one act as it will be recorded; Trail: where entries go."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from google.protobuf.message import Message

from directrix.archive import sha256
from directrix.errors import DirectrixError
from services.sight import ids

Value = str | int | float | bool | None | list[Any] | dict[str, Any]


class Entry:
    """Filled in while the act goes on. Digests, names and numbers only: never pictures."""

    def __init__(self, project: str, fields: dict[str, Value]):
        self.project = project
        self.fields = fields

    def set(self, **fields: Value) -> None:
        self.fields |= fields


class Trail(ABC):
    """Takes entries without waiting for the store."""

    @abstractmethod
    def record(self, project: str, fields: dict[str, Value]) -> None:
        """Raises StoreUnavailable where nothing may happen unrecorded and too much waits."""

    @abstractmethod
    def check(self) -> None:
        """Before an act. Raises as `record` would."""

    @abstractmethod
    def close(self) -> None:
        """Writes what waits; the process ends."""

    @contextmanager
    def act(self, kind: str, request: Message, project: str) -> Iterator[Entry]:
        """Around an edit, an explanation or the start of a job; recorded however it ends."""
        self.check()
        fields: dict[str, Value] = {
            "kind": kind,
            "subject": ids.get("subject", ids.ANYBODY),
            "project": project,
            "rpc": ids.get("rpc").lstrip("/"),
            "request_id": ids.get("request_id"),
            "input": sha256(request.SerializeToString(deterministic=True)),
            "outcome": "done",
        }
        entry = Entry(project, fields)
        try:
            yield entry
        except DirectrixError as error:
            entry.set(outcome="refused", reason=error.reason)
            raise
        except BaseException as error:
            entry.set(outcome="broken off", reason=type(error).__name__)
            raise
        finally:
            self.record(entry.project, entry.fields)


class NoTrail(Trail):
    """Keeps nothing: for settings that want none."""

    def record(self, project: str, fields: dict[str, Value]) -> None:
        return None

    def check(self) -> None:
        return None

    def close(self) -> None:
        return None
