"""The audit trail of a running stack: what was done is in it, and it is found whole."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from directrix.archive import pack_arrays
from directrix.client import Client
from directrix.generators import linear
from directrix.types import ImageCard
from tests.conftest import ROOT, Stack

NAME = "trail-toy"


def export(stack: Stack, folder: Path) -> None:
    """With the settings of the running stack, as its operator does it."""
    settings = json.loads((stack.folder / "environment.json").read_text())
    command = [sys.executable, "-m", "services.trail", "export", str(folder)]
    subprocess.run(command, cwd=ROOT, env={**os.environ, **settings}, check=True)


def records(folder: Path) -> list[dict[str, Any]]:
    files = sorted((folder / "trail/default").rglob("0*"))
    return [json.loads(line) for file in files for line in file.read_text().splitlines()]


def verify(folder: Path) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "directrix.cli", "audit", "verify", str(folder), "--json"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)


@pytest.fixture(scope="module")
def copy(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, str]:
    """The trail behind an edit and a discovery: folder, the edit's digest, the operation."""
    folder = tmp_path_factory.mktemp("trail")
    arrays, _ = linear.planted([2.0, 1.0], pixels=64, seed=4)
    card = linear.card(NAME, ImageCard(channels=1, height=8, width=8), z_dim=2)
    with Client(stack.endpoint) as client:
        client.register_model(NAME, card.model_dump_json(), pack_arrays(arrays))
        digest = client.edit(NAME, seed=7).digest
        job = client.discover(NAME, "sefa", parameters={"components": 2})
        job.result(120)

    def there() -> bool:
        export(stack, folder)
        found = records(folder)
        ends = [r for r in found if r["kind"] == "end" and r["operation"] == job.name]
        return bool(ends) and any(r.get("image") == digest for r in found)

    stack.wait(there, 30)
    return folder, digest, job.name


def test_an_edit_is_recorded(copy: tuple[Path, str, str]) -> None:
    folder, digest, _ = copy
    edit = next(r for r in records(folder) if r.get("image") == digest)
    assert (edit["kind"], edit["outcome"], edit["subject"]) == ("edit", "done", "anonymous")
    assert edit["rpc"] == "directrix.v1.EditingService/EditImage"
    assert len(edit["generator"]) == len(edit["input"]) == len(edit["recipe"]) == 64


def test_a_job_is_recorded_by_both_who_start_and_who_end_it(copy: tuple[Path, str, str]) -> None:
    folder, _, operation = copy
    start, end = [r for r in records(folder) if r.get("operation") == operation]
    assert {start["kind"], end["kind"]} == {"start", "end"}
    assert start["specification"] == end["specification"]
    assert start["request_id"] == end["request_id"]
    assert start["chain"] != end["chain"]
    ended = end if end["kind"] == "end" else start
    assert ended["outcome"] == "succeeded"
    assert len(ended["result"]["digest"]) == 64


def test_it_is_whole_until_somebody_touches_it(copy: tuple[Path, str, str], tmp_path: Path) -> None:
    folder, digest, _ = copy
    answer = verify(folder)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert json.loads(answer.stdout)["problems"] == []
    for file in (f for f in folder.rglob("*") if f.is_file()):
        target = tmp_path / file.relative_to(folder)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(file.read_bytes().replace(digest.encode(), b"0" * 64))
    answer = verify(tmp_path)
    assert answer.returncode == 1
    assert {p["fault"] for p in json.loads(answer.stdout)["problems"]} == {"changed"}
