"""Both doctors find a running stack well, and say so in JSON too."""

import json
import os
import subprocess
import sys
from typing import Any

from tests.conftest import ROOT, Stack


def run(module: str, *arguments: str, **environment: str) -> tuple[int, dict[str, Any]]:
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
    )
    assert done.stdout, done.stderr
    document = json.loads(done.stdout)
    return done.returncode, {check["name"]: check for check in document["checks"]}


def failed(found: dict[str, Any]) -> list[Any]:
    return [check for check in found.values() if check["state"] == "fail"]


def test_the_callers_doctor(stack: Stack) -> None:
    code, found = run("directrix.cli", "--endpoint", stack.endpoint, "doctor", "--json")
    assert failed(found) == []
    assert code == 0
    assert found["health of directrix.v1.EditingService"]["says"] == "SERVING"
    assert found["version"]["state"] == found["clock"]["state"] == "ok"
    assert found["workers"]["state"] == "ok"
    assert found["latency"]["ms"] > 0


def test_the_operators_doctor(stack: Stack) -> None:
    settings = json.loads((stack.folder / "environment.json").read_text())
    code, found = run("services.doctor", "--json", **settings)
    assert failed(found) == []
    assert code == 0
    assert "a second writer" in found["store, conditional writes"]["says"]
    assert found["listeners"]["state"] == "ok"
    assert "gateway" in found["listeners"]["says"]
    assert "inference" in found["listeners"]["says"]
