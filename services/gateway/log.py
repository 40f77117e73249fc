"""The gateway's log: one line a call, with rpc, code, reason, seconds, and who for which project.
Never payloads, never credentials."""

from typing import TextIO

from services.sight.logs import open_log
from services.sight.redaction import Redactor


class Log:
    """Writes lines of JSON to `out`, unbuffered where `out` is stderr (`services.sight.logs`)."""

    def __init__(self, out: TextIO, redactor: Redactor | None = None, level: str = "INFO"):
        self._log = open_log(out, "gateway", redactor, level)

    def call(
        self,
        rpc: str,
        code: str,
        reason: str,
        seconds: float,
        request_id: str,
        caller: str = "",
        project: str = "",
    ) -> None:
        self._log.info(
            "call",
            rpc=rpc,
            code=code,
            reason=reason,
            duration=round(seconds, 6),
            request_id=request_id,
            caller=caller,
            project=project,
        )

    def defect(self, rpc: str, request_id: str, trace: list[str]) -> None:
        """The one place where a trace goes: never to the caller."""
        self._log.error("defect", rpc=rpc, request_id=request_id, trace="".join(trace))

    def event(self, event: str, **values: str | float | bool) -> None:
        self._log.info(event, **values)
