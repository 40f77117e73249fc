"""One line of JSON a call: method, code, reason, milliseconds, request id, who for which project.
Never payloads, never credentials."""

import json
import time
from dataclasses import dataclass
from typing import TextIO


@dataclass(frozen=True)
class Log:
    """Writes lines to `out`, unbuffered where `out` is stderr."""

    out: TextIO

    def call(
        self,
        method: str,
        code: str,
        reason: str,
        milliseconds: float,
        request_id: str,
        caller: str = "",
        project: str = "",
    ) -> None:
        self.event(
            "call",
            method=method,
            code=code,
            reason=reason,
            ms=round(milliseconds, 3),
            request_id=request_id,
            caller=caller,
            project=project,
        )

    def defect(self, method: str, request_id: str, trace: list[str]) -> None:
        """The one place where a trace goes: never to the caller."""
        self.event("defect", method=method, request_id=request_id, trace="".join(trace))

    def event(self, event: str, **values: str | float | bool) -> None:
        line = {"ts": round(time.time(), 3), "event": event, **values}
        self.out.write(json.dumps(line) + "\n")
