"""A chain that was touched is found to be, whatever was done to it."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from directrix.archive import canonical_json, sha256
from directrix.trail import Chain, Fault, head_of, line_of, verify

Lines = list[bytes]


def written(name: str, count: int, heads: dict[str, Any] | None = None) -> Chain:
    """One chain in segments of three."""
    lines: Lines = []
    hashed = ""
    for sequence in range(count):
        link = {"chain": name, "sequence": sequence, "previous": hashed, "time": "t"}
        opening = {"kind": "open", "heads": heads or {}}
        record = link | (
            opening if sequence == 0 else {"kind": "edit", "image": f"{sequence:064x}"}
        )
        lines.append(line_of(record))
        hashed = sha256(lines[-1])
    return rebuilt(name, lines, head_of(name, count - 1, hashed, "t"))


def rebuilt(name: str, lines: Lines, head: dict[str, Any] | None) -> Chain:
    parts = [b"\n".join(lines[at : at + 3]) + b"\n" for at in range(0, len(lines), 3)]
    return Chain(name, parts, None if head is None else canonical_json(head))


def taken(chain: Chain) -> tuple[Lines, dict[str, Any]]:
    return [line for part in chain.segments for line in part.splitlines()], json.loads(chain.head)


def faults(*chains: Chain, **options: Any) -> set[tuple[Fault, int]]:
    return {(each.fault, each.sequence) for each in verify(chains, **options).problems}


def test_a_whole_chain_has_no_problem() -> None:
    verdict = verify([written("t1", 10)])
    assert (verdict.records, verdict.unsealed, verdict.problems) == (10, 0, ())


def changed(lines: Lines) -> Lines:
    return [line.replace(b"004", b"00f") if i == 4 else line for i, line in enumerate(lines)]


TOUCHED: dict[str, tuple[Callable[[Lines], Lines], set[tuple[Fault, int]]]] = {
    "changed": (changed, {(Fault.CHANGED, 4)}),
    "dropped": (lambda lines: lines[:4] + lines[5:], {(Fault.DROPPED, 4)}),
    "first dropped": (lambda lines: lines[1:], {(Fault.DROPPED, 0)}),
    "repeated": (lambda lines: [*lines[:5], lines[4], *lines[5:]], {(Fault.REPEATED, 4)}),
    "reordered": (lambda lines: [*lines[:4], lines[5], lines[4], *lines[6:]],
                  {(Fault.REORDERED, 4)}),
    "truncated": (lambda lines: lines[:7], {(Fault.TRUNCATED, 9)}),
    "emptied": (lambda lines: [], {(Fault.TRUNCATED, 9)}),
    "not JSON": (lambda lines: [*lines[:4], b"{", *lines[5:]],
                 {(Fault.MALFORMED, 4), (Fault.DROPPED, 4)}),
}  # fmt: skip


@pytest.mark.parametrize("how", TOUCHED)
def test_it_is_told_what_was_done_and_where(how: str) -> None:
    touch, found = TOUCHED[how]
    lines, head = taken(written("t1", 10))
    assert faults(rebuilt("t1", touch(lines), head)) == found


def test_the_last_record_is_held_by_the_head() -> None:
    lines, head = taken(written("t1", 10))
    lines[-1] = lines[-1].replace(b"009", b"00f")
    assert faults(rebuilt("t1", lines, head)) == {(Fault.CHANGED, 9)}


def test_a_chain_needs_its_head() -> None:
    lines, head = taken(written("t1", 10))
    assert faults(rebuilt("t1", lines, None)) == {(Fault.HEADLESS, -1)}
    assert faults(rebuilt("t1", lines, head | {"chain": "t2"})) == {(Fault.HEADLESS, -1)}


def test_records_behind_the_head_are_a_process_that_died() -> None:
    lines, _ = taken(written("t1", 10))
    head = head_of("t1", 7, sha256(lines[7]), "t")
    verdict = verify([rebuilt("t1", lines, head)])
    assert (verdict.records, verdict.unsealed, verdict.problems) == (10, 2, ())


def rolled_back(chain: Chain, count: int) -> Chain:
    """Cut off together with its head."""
    lines, _ = taken(chain)
    return rebuilt(chain.name, lines[:count], head_of(chain.name, count - 1,
                   sha256(lines[count - 1]), "t"))  # fmt: skip


def test_going_back_to_an_older_head_is_found_by_later_chains_and_kept_heads() -> None:
    first = written("t1", 10)
    _, head = taken(first)
    kept = (head["sequence"], head["hash"])
    second = written("t2", 4, {"t1": list(kept)})
    older = rolled_back(first, 6)
    assert faults(older) == set()
    assert faults(older, second) == {(Fault.TRUNCATED, 9)}
    assert faults(older, expected={"t1": kept}) == {(Fault.TRUNCATED, 9)}
    assert faults(second) == {(Fault.DROPPED, -1)}
    assert faults(first, second, expected={"t1": kept}) == set()


def test_a_chain_made_anew_is_found_by_the_head_that_was_kept() -> None:
    _, head = taken(written("t1", 10))
    lines, _ = taken(written("t1", 10))
    forged, hashed = [], ""
    for line in lines:
        record = json.loads(line) | {"previous": hashed, "subject": "somebody else"}
        forged.append(line_of(record))
        hashed = sha256(forged[-1])
    chain = rebuilt("t1", forged, head_of("t1", 9, hashed, "t"))
    assert faults(chain) == set()
    assert faults(chain, expected={"t1": (9, head["hash"])}) == {(Fault.CHANGED, 9)}
    assert faults(chain, signed=lambda data, signature: False) == {(Fault.UNSIGNED, -1)}


@given(st.integers(2, 12), st.data())
def test_no_single_byte_can_be_changed(count: int, data: st.DataObject) -> None:
    lines, head = taken(written("t1", count))
    place = data.draw(st.integers(0, count - 1))
    at = data.draw(st.integers(0, len(lines[place]) - 1))
    other = data.draw(st.integers(0, 255).filter(lambda byte: byte != lines[place][at]))
    lines[place] = lines[place][:at] + bytes([other]) + lines[place][at + 1 :]
    assert verify([rebuilt("t1", lines, head)]).problems != ()
