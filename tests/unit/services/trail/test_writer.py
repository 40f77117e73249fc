"""What is recorded is written, chained and sealed; and what happens while the store is away."""

import json
import subprocess
from pathlib import Path

import pytest

from directrix.errors import QueueFull, StoreUnavailable
from directrix.trail import Fault, verify
from directrix.v1 import editing_service_pb2 as pb
from services.artifacts.memory import MemoryStore
from services.settings import Settings
from services.sight import ids
from services.trail import TrailWriter, open_trail
from services.trail.entry import NoTrail
from services.trail.reading import chains, export
from services.trail.signing import checker


class Flaky(MemoryStore):
    """A store that can be away."""

    away = False

    def put_new(self, key: str, data: bytes) -> None:
        if self.away:
            raise StoreUnavailable("away")
        super().put_new(key, data)


def records(store: MemoryStore, project: str = "default") -> list[dict]:
    found = chains(store, project)
    return [json.loads(line) for c in found for part in c.segments for line in part.splitlines()]


def test_acts_are_recorded_with_who_and_what_and_how_they_ended() -> None:
    store = MemoryStore()
    trail = TrailWriter(store, "gateway")
    with ids.bound(request_id="abcdef0123456789", rpc="/directrix.v1.EditingService/EditImage"):
        with trail.act("edit", pb.EditImageRequest(), "default") as entry:
            entry.set(generator="a" * 64, scores=[{"a": 0.5}])
        with (
            ids.bound(subject="anne"),
            pytest.raises(QueueFull),
            trail.act("edit", pb.EditImageRequest(), "other"),
        ):
            raise QueueFull("512 images wait")
    trail.close()
    opening, edit, close = records(store)
    assert (opening["kind"], opening["writer"], close["kind"]) == ("open", "gateway", "close")
    assert edit["kind"] == "edit" and edit["outcome"] == "done"
    assert edit["subject"] == "anonymous"
    assert edit["request_id"] == "abcdef0123456789"
    assert edit["rpc"] == "directrix.v1.EditingService/EditImage"
    assert edit["generator"] == "a" * 64 and len(edit["input"]) == 64
    _, refused, _ = records(store, "other")
    assert (refused["subject"], refused["outcome"]) == ("anne", "refused")
    assert refused["reason"] == "QUEUE_FULL"
    for project in ("default", "other"):
        assert verify(chains(store, project)).problems == ()


def test_nothing_is_lost_while_the_store_is_away_for_a_while() -> None:
    store = Flaky()
    trail = TrailWriter(store, "gateway")
    trail.record("default", {"kind": "edit", "n": 0})
    assert trail.flush()
    store.away = True
    for n in range(1, 6):
        trail.record("default", {"kind": "edit", "n": n})
        assert not trail.flush()
    store.away = False
    trail.close()
    assert [r["n"] for r in records(store) if r["kind"] == "edit"] == list(range(6))
    assert verify(chains(store, "default")).problems == ()


def test_what_did_not_fit_is_told() -> None:
    store = Flaky()
    trail = TrailWriter(store, "gateway", most_waiting=3)
    store.away = True
    for n in range(5):
        trail.record("default", {"kind": "edit", "n": n})
    trail.check()
    store.away = False
    trail.close()
    found = records(store)
    assert [r["n"] for r in found if r["kind"] == "edit"] == [0, 1, 2]
    assert [r["dropped"] for r in found if r["kind"] == "gap"] == [2]
    assert verify(chains(store, "default")).problems == ()


def test_where_it_is_required_acts_wait_for_the_store() -> None:
    store = Flaky()
    trail = TrailWriter(store, "gateway", required=True, most_waiting=2)
    store.away = True
    for n in range(2):
        trail.record("default", {"kind": "edit", "n": n})
    with pytest.raises(StoreUnavailable), trail.act("edit", pb.EditImageRequest(), "default"):
        pytest.fail("it must not happen")
    store.away = False
    assert trail.flush()
    trail.check()
    trail.close()


def test_a_write_whose_answer_was_lost_is_not_written_twice() -> None:
    class Deaf(MemoryStore):
        deaf = True

        def put_new(self, key: str, data: bytes) -> None:
            super().put_new(key, data)
            if self.deaf and key.startswith("trail/"):
                self.deaf = False
                raise StoreUnavailable("the answer was lost")

    store = Deaf()
    trail = TrailWriter(store, "gateway")
    trail.record("default", {"kind": "edit"})
    trail.close()
    assert [r["kind"] for r in records(store)] == ["open", "edit", "close"]
    assert verify(chains(store, "default")).problems == ()


def test_a_new_chain_names_those_before_it() -> None:
    store = MemoryStore()
    for _ in range(2):
        trail = TrailWriter(store, "gateway")
        trail.record("default", {"kind": "edit"})
        trail.close()
    first, second = chains(store, "default")
    assert list(json.loads(second.segments[0].splitlines()[0])["heads"]) == [first.name]
    for key in list(store.keys(f"trail/default/{first.name}/")):
        store.delete(key)
    assert Fault.TRUNCATED in {p.fault for p in verify(chains(store, "default")).problems}


def test_heads_are_signed(tmp_path: Path) -> None:
    private, public = tmp_path / "private.pem", tmp_path / "public.pem"
    subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", private], check=True)
    subprocess.run(["openssl", "pkey", "-in", private, "-pubout", "-out", public], check=True)
    store = MemoryStore()
    trail = open_trail(Settings(trail_key_file=private), store, "gateway")
    trail.record("default", {"kind": "edit"})
    trail.close()
    signed = checker(public.read_bytes())
    assert verify(chains(store, "default"), signed).problems == ()
    (key,) = store.keys("trail-heads/default/")
    head = json.loads(store.get(key))
    store.put(key, json.dumps(head | {"time": "another"}).encode())
    (problem,) = verify(chains(store, "default"), signed).problems
    assert problem.fault is Fault.UNSIGNED


def test_it_can_be_turned_off() -> None:
    assert isinstance(open_trail(Settings(trail="off"), MemoryStore(), "gateway"), NoTrail)


def test_a_copy_has_the_keys_of_the_store(tmp_path: Path) -> None:
    store = MemoryStore()
    trail = TrailWriter(store, "gateway")
    trail.record("default", {"kind": "edit"})
    trail.close()
    assert export(store, "default", tmp_path) == 3
    assert {str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*") if p.is_file()} == {
        *store.keys("trail/"),
        *store.keys("trail-heads/"),
    }
