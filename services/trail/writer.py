"""TrailWriter: the chains of one process, one a project, written in the background.

    record -> waiting (bounded) -> every second, or sooner: lines -> segment -> head

A store that is away delays them. What does not fit meanwhile is dropped, counted, and told by a
record of kind "gap"; or, where nothing may happen unrecorded, acts are refused until it is back.
"""

import json
import logging
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

from prometheus_client import Counter, Gauge

from directrix.archive import canonical_json, sha256
from directrix.errors import DirectrixError, ObjectExists, StoreUnavailable
from directrix.trail import head_of, line_of, signed_bytes
from services.artifacts import keys
from services.artifacts.store import ArtifactStore
from services.settings import Settings
from services.trail.entry import NoTrail, Trail, Value
from services.trail.signing import signer

MOST_WAITING = 10_000
"""Records that may wait for the store."""
MOST_HEADS = 1000
"""Other chains that a new one names."""
SECONDS = 1.0
SEGMENT = 1000
"""Records of one object at most."""

RECORDS = Counter("directrix_trail_records_total", "Records of the audit trail.", ["outcome"])
WAITING = Gauge("directrix_trail_waiting", "Records that wait for the object store.")

Sign = Callable[[bytes], str]

_log = logging.getLogger(__name__)


@dataclass
class _Chain:
    """One chain as far as it is written. pending: a segment whose writing has not succeeded."""

    project: str
    name: str
    next: int = 0
    hashed: str = ""
    pending: tuple[int, list[bytes]] | None = None
    dropped: int = 0
    waiting: deque[dict[str, Value]] = field(default_factory=deque)


class TrailWriter(Trail):
    """writer: the kind of process. required: acts are refused while they cannot be recorded."""

    def __init__(
        self,
        store: ArtifactStore,
        writer: str,
        sign: Sign | None = None,
        required: bool = False,
        most_waiting: int = MOST_WAITING,
    ):
        self._store = store
        self._writer = writer
        self._sign = sign
        self._required = required
        self._most = most_waiting
        self._chains: dict[str, _Chain] = {}
        self._count = 0
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._wake = threading.Event()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="trail", daemon=True)
        self._thread.start()

    def check(self) -> None:
        if self._required and self._count >= self._most:
            raise StoreUnavailable("the audit trail cannot be written for now; try again")

    def record(self, project: str, fields: dict[str, Value]) -> None:
        record = {"time": datetime.now(UTC).isoformat(), **fields}
        with self._lock:
            chain = self._chains.get(project)
            if chain is None:
                chain = self._chains[project] = _Chain(project, _new_name())
            if self._count >= self._most:
                chain.dropped += 1
                RECORDS.labels("dropped").inc()
                return
            chain.waiting.append(record)
            self._count += 1
            WAITING.set(self._count)
        if self._count % SEGMENT == 0:
            self._wake.set()

    def flush(self) -> bool:
        """Writes what waits. False where the store does not take it; it waits on."""
        with self._writing:
            try:
                for chain in list(self._chains.values()):
                    while self._write(chain):
                        pass
            except DirectrixError as error:
                _log.warning("%d records of the trail wait: %s", self._count, error.reason)
                return False
            return True

    def close(self) -> None:
        """Writes the rest, and that this was the end."""
        self._closed = True
        self._wake.set()
        self._thread.join()
        for chain in self._chains.values():
            chain.waiting.append({"time": datetime.now(UTC).isoformat(), "kind": "close"})
        self.flush()

    def _run(self) -> None:
        while not self._closed:
            self._wake.wait(SECONDS)
            self._wake.clear()
            self.flush()

    def _write(self, chain: _Chain) -> bool:
        """One segment and the head behind it; False where there is nothing to write."""
        if chain.pending is None:
            chain.pending = self._lines(chain)
        if chain.pending is None:
            return False
        first, lines = chain.pending
        data = b"\n".join(lines) + b"\n"
        key = keys.trail_segment(chain.project, chain.name, first)
        try:
            self._store.put_new(key, data)
        except ObjectExists:
            if self._store.get(key) != data:  # an earlier try was seen, or this is not our chain
                raise
        last, hashed = first + len(lines) - 1, sha256(lines[-1])
        self._put_head(chain, last, hashed)
        chain.pending = None
        RECORDS.labels("written").inc(len(lines))
        return True

    def _put_head(self, chain: _Chain, last: int, hashed: str) -> None:
        head: dict[str, Any] = head_of(chain.name, last, hashed, datetime.now(UTC).isoformat())
        if self._sign is not None:
            head["signature"] = self._sign(signed_bytes(head))
        self._store.put(keys.trail_head(chain.project, chain.name), canonical_json(head))
        if last == 0 or last // SEGMENT != (chain.next - 1) // SEGMENT or self._closed:
            _log.info("head of the trail: %s=%d:%s", chain.name, last, hashed)

    def _lines(self, chain: _Chain) -> tuple[int, list[bytes]] | None:
        """The next records, chained; from here on they are what they are."""
        heads = None if chain.next else self._heads(chain.project)
        with self._lock:
            taken = [chain.waiting.popleft() for _ in range(min(SEGMENT, len(chain.waiting)))]
            self._count = sum(len(each.waiting) for each in self._chains.values())
            WAITING.set(self._count)
            dropped, chain.dropped = chain.dropped, 0
        if dropped:
            taken.append({"time": taken[-1]["time"] if taken else "", "kind": "gap",
                          "dropped": dropped})  # fmt: skip
        if not taken:
            return None
        if heads is not None:
            opening: dict[str, Value] = {"time": taken[0]["time"], "kind": "open", "heads": heads,
                                         "writer": self._writer,
                                         "version": version("directrix")}  # fmt: skip
            taken.insert(0, opening)
        first, lines = chain.next, []
        for record in taken:
            link = {"chain": chain.name, "sequence": chain.next, "previous": chain.hashed}
            line = line_of({**record, **link})
            lines.append(line)
            chain.hashed, chain.next = sha256(line), chain.next + 1
        return first, lines

    def _heads(self, project: str) -> dict[str, Value]:
        """Of the newest other chains: chain -> [sequence, hash]."""
        found: dict[str, Value] = {}
        for key in list(self._store.keys(keys.trail_heads(project)))[-MOST_HEADS:]:
            head = json.loads(self._store.get(key))
            found[head["chain"]] = [head["sequence"], head["hash"]]
        return found


def open_trail(settings: Settings, store: ArtifactStore, writer: str) -> Trail:
    """As the settings want it. Raises InvalidField for a key that is none."""
    if settings.trail == "off":
        return NoTrail()
    sign = signer(settings.trail_key_file) if settings.trail_key_file else None
    return TrailWriter(store, writer, sign, settings.trail == "required")


def _new_name() -> str:
    """Names sort by the time of their beginning."""
    return f"t{int(time.time() * 1000):012x}{secrets.token_hex(4)}"
