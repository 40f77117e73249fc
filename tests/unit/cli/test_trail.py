"""`directrix audit verify` on a copy of a trail."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from directrix.cli.app import app
from services.artifacts.memory import MemoryStore
from services.trail import TrailWriter
from services.trail.reading import export


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    store = MemoryStore()
    trail = TrailWriter(store, "gateway")
    for n in range(3):
        trail.record("default", {"kind": "edit", "n": n})
    trail.close()
    export(store, "default", tmp_path)
    return tmp_path


def run(*arguments: object) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["audit", "verify", *map(str, arguments)])
    return result.exit_code, result.output


def test_a_whole_trail_passes(copy: Path) -> None:
    code, said = run(copy, "--json")
    assert code == 0
    assert json.loads(said) == {"records": 5, "unsealed": 0, "problems": []}


def test_a_changed_record_is_named(copy: Path) -> None:
    segments = (copy / "trail/default").rglob("0*")
    segment = next(file for file in segments if b'"n":1' in file.read_bytes())
    segment.write_bytes(segment.read_bytes().replace(b'"n":1', b'"n":7'))
    code, said = run(copy)
    assert code == 1
    assert "changed" in said and "record 2" in said


def test_a_head_that_was_kept_is_held_against_it(copy: Path) -> None:
    chain = next((copy / "trail-heads/default").iterdir())
    head = json.loads(chain.read_bytes())
    assert run(copy, "--expect", f"{chain.name}=4:{head['hash']}")[0] == 0
    assert run(copy, "--expect", f"{chain.name}=9:{head['hash']}")[0] == 1
    assert run(copy, "--expect", "nonsense")[0] == 2


def test_a_folder_without_a_trail_is_no_success(tmp_path: Path) -> None:
    assert run(tmp_path)[0] == 2
