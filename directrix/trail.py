"""The audit trail: records in chains, and whether a chain is whole.

Each record holds the sha256 of the line before it, a head the sha256 of the last line: whoever
changes, drops or reorders a record has to make all later ones and the head anew. A signed head
forbids that too; a head that was kept elsewhere, or named by a chain that began later, forbids
going back to an older one.

    chain = segments of lines, in order;  line = canonical JSON of one record
    record = {chain, sequence, previous, kind, time, ...};  head = {chain, sequence, hash, time}
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from directrix.archive import canonical_json, sha256

Fields = Mapping[str, Any]
Signed = Callable[[bytes, str], bool]
"""Whether a signature is that of these bytes."""


class Fault(StrEnum):
    """What can be wrong with a chain."""

    MALFORMED = "malformed"
    CHANGED = "changed"
    DROPPED = "dropped"
    REPEATED = "repeated"
    REORDERED = "reordered"
    TRUNCATED = "truncated"
    HEADLESS = "headless"
    UNSIGNED = "unsigned"


@dataclass(frozen=True)
class Problem:
    """sequence: of the record at hand; -1 for the chain as a whole."""

    fault: Fault
    chain: str
    sequence: int
    text: str


@dataclass(frozen=True)
class Chain:
    """As it is stored: segments in the order of their keys; head None where there is none."""

    name: str
    segments: Sequence[bytes]
    head: bytes | None


@dataclass(frozen=True)
class Verdict:
    """records: lines that were read; unsealed: those behind the head, written as a process died."""

    records: int
    unsealed: int
    problems: tuple[Problem, ...]


def line_of(record: Fields) -> bytes:
    """One record as its line, without the end of the line."""
    return canonical_json(dict(record))


def head_of(chain: str, sequence: int, hashed: str, time: str) -> dict[str, Any]:
    return {"chain": chain, "sequence": sequence, "hash": hashed, "time": time}


def signed_bytes(head: Fields) -> bytes:
    """What a head's signature is of."""
    return canonical_json({name: head[name] for name in ("chain", "sequence", "hash", "time")})


def verify(
    chains: Iterable[Chain],
    signed: Signed | None = None,
    expected: Mapping[str, tuple[int, str]] | None = None,
) -> Verdict:
    """All chains of a project together, for later ones vouch for earlier ones.

    signed: every head must carry a signature that passes. expected: heads that were kept elsewhere,
    chain -> (sequence, hash).
    """
    read = [_Reading(chain, signed) for chain in chains]
    by_name = {reading.name: reading for reading in read}
    problems = [problem for reading in read for problem in reading.problems]
    vouched = [(name, *at) for name, at in (expected or {}).items()]
    vouched += [each for reading in read for each in reading.vouched()]
    for name, sequence, hashed in vouched:
        if name in by_name:
            problems += by_name[name].against(sequence, hashed)
        else:
            text = f"the whole chain is missing: {sequence + 1} records were there once"
            problems.append(Problem(Fault.DROPPED, name, -1, text))
    return Verdict(
        records=sum(len(reading.lines) for reading in read),
        unsealed=sum(reading.unsealed for reading in read),
        problems=tuple(dict.fromkeys(problems)),
    )


class _Reading:
    """One chain as it was read, and what is wrong with it by itself."""

    def __init__(self, chain: Chain, signed: Signed | None):
        self.name = chain.name
        self.problems: list[Problem] = []
        self.lines: dict[int, bytes] = {}
        self.records: dict[int, Fields] = {}
        self.unsealed = 0
        self._read(line for segment in chain.segments for line in segment.splitlines())
        self._check_links()
        self._check_head(chain.head, signed)

    def vouched(self) -> list[tuple[str, int, str]]:
        """Heads of other chains that this one named when it began."""
        heads = self.records.get(0, {}).get("heads", {})
        return [(name, at[0], at[1]) for name, at in heads.items()]

    def against(self, sequence: int, hashed: str) -> list[Problem]:
        """What speaks against a head that somebody else has kept."""
        line = self.lines.get(sequence)
        if line is None:
            text = f"it once had a record {sequence}; {len(self.lines)} records are there"
            return [Problem(Fault.TRUNCATED, self.name, sequence, text)]
        if sha256(line) != hashed:
            text = f"record {sequence} is not what it once was"
            return [Problem(Fault.CHANGED, self.name, sequence, text)]
        return []

    def _say(self, fault: Fault, sequence: int, text: str) -> None:
        self.problems.append(Problem(fault, self.name, sequence, text))

    def _read(self, lines: Iterable[bytes]) -> None:
        latest = -1
        for place, line in enumerate(lines):
            record = _record(line)
            if record is None or record["chain"] != self.name:
                self._say(Fault.MALFORMED, place, f"line {place + 1} is no record of this chain")
                continue
            sequence = record["sequence"]
            if sequence in self.lines:
                self._say(Fault.REPEATED, sequence, f"record {sequence} is there twice")
                continue
            if sequence < latest:
                self._say(Fault.REORDERED, sequence, f"record {sequence} comes after {latest}")
            latest = max(latest, sequence)
            self.lines[sequence], self.records[sequence] = line, record

    def _check_links(self) -> None:
        for sequence in sorted(self.lines):
            if sequence == 0:
                continue
            before = self.lines.get(sequence - 1)
            if before is None:
                self._say(Fault.DROPPED, sequence - 1, f"record {sequence - 1} is missing")
            elif self.records[sequence]["previous"] != sha256(before):
                text = f"record {sequence - 1} is not the one that record {sequence} was chained to"
                self._say(Fault.CHANGED, sequence - 1, text)

    def _check_head(self, data: bytes | None, signed: Signed | None) -> None:
        head = None if data is None else _head(data)
        if head is None or head["chain"] != self.name:
            self._say(Fault.HEADLESS, -1, "no head says how many records there are")
            return
        last = max(self.lines, default=-1)
        self.unsealed = max(0, last - head["sequence"])
        self.problems += self.against(head["sequence"], head["hash"])
        if signed is not None and not signed(signed_bytes(head), str(head.get("signature", ""))):
            self._say(Fault.UNSIGNED, -1, "the head's signature is missing or not that of the key")


def _record(line: bytes) -> dict[str, Any] | None:
    found = _object(line)
    if found is None or not isinstance(found.get("sequence"), int):
        return None
    if not all(isinstance(found.get(name), str) for name in ("chain", "previous", "kind")):
        return None
    return found


def _head(data: bytes) -> dict[str, Any] | None:
    found = _object(data)
    if found is None or not isinstance(found.get("sequence"), int):
        return None
    if not all(isinstance(found.get(name), str) for name in ("chain", "hash", "time")):
        return None
    return found


def _object(data: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(data)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
