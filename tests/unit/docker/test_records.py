"""The bill of materials and the provenance of the wheel, by the commands themselves."""

import json
import os
import re
import subprocess
import sys
import tomllib
from hashlib import sha256
from pathlib import Path

import pytest

from tests.conftest import ROOT


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (path,) = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def bill(wheel: Path) -> dict:
    return json.loads(told("bill.py", "wheel", wheel))


def told(program: str, *arguments: object) -> str:
    environment = os.environ | {"SOURCE_DATE_EPOCH": "0"}
    command = [sys.executable, ROOT / "docker" / program, *map(str, arguments)]
    done = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True)
    return done.stdout


def digest(path: Path) -> str:
    return sha256(path.read_bytes()).hexdigest()


def test_the_bill_is_of_this_wheel(bill: dict, wheel: Path) -> None:
    subject = bill["metadata"]["component"]
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    assert bill["metadata"]["timestamp"] == "1970-01-01T00:00:00+00:00"
    assert subject["name"] == "directrix"
    assert subject["hashes"] == [{"alg": "SHA-256", "content": digest(wheel)}]


def test_the_bill_has_each_requirement_at_the_version_of_the_lock(bill: dict) -> None:
    packages = {each["name"]: each for each in bill["components"] if "purl" in each}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    asked = {re.split(r"[^\w-]", line)[0] for line in project["dependencies"]}
    assert asked and asked <= {name for name, it in packages.items() if it["scope"] == "required"}
    assert packages["ray"]["scope"] == "optional"
    assert "pytest" not in packages
    pins = set(re.findall(r"^(\S+==\S+)", (ROOT / "requirements.lock").read_text(), re.MULTILINE))
    assert {f"{name}=={it['version']}" for name, it in packages.items()} <= pins


def test_the_provenance_of_the_wheel(wheel: Path) -> None:
    said = json.loads(told("provenance.py", "--started", "2026-01-01T00:00:00Z", "wheel", wheel))
    assert said["_type"] == "https://in-toto.io/Statement/v1"
    assert said["subject"] == [{"name": wheel.name, "digest": {"sha256": digest(wheel)}}]
    assert said["predicateType"] == "https://slsa.dev/provenance/v1"
    assert said["predicate"]["runDetails"]["metadata"] == {"startedOn": "2026-01-01T00:00:00Z"}
    definition = said["predicate"]["buildDefinition"]
    materials = {each["name"]: each.get("digest") for each in definition["resolvedDependencies"]}
    assert materials["source"] == {"gitCommit": head()}
    assert materials["requirements.lock"] == {"sha256": digest(ROOT / "requirements.lock")}


def test_the_provenance_of_an_image_names_all_that_went_in() -> None:
    base, made = "sha256:" + 64 * "a", "sha256:" + 64 * "b"
    arguments = ["image", "worker", "--digest", made, "--base", f"some/python:3.12={base}"]
    said = json.loads(told("provenance.py", *arguments, "--argument", "TORCH=torch==2.13.0"))
    assert said["subject"] == [{"name": "directrix-worker", "digest": {"sha256": 64 * "b"}}]
    definition = said["predicate"]["buildDefinition"]
    assert definition["externalParameters"] == {
        "dockerfile": "docker/worker.Dockerfile",
        "arguments": {"TORCH": "torch==2.13.0"},
    }
    materials = {each["name"]: each.get("digest") for each in definition["resolvedDependencies"]}
    for path in ("docker/worker.Dockerfile", "docker/gateway.lock", "docker/worker.lock"):
        assert materials[path] == {"sha256": digest(ROOT / path)}
    assert materials["some/python:3.12"] == {"sha256": 64 * "a"}


def head() -> str:
    command = ["git", "-C", str(ROOT), "rev-parse", "HEAD"]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
