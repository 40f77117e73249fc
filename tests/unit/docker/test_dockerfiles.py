"""Dockerfiles: nothing for hadolint, locks that are current, one user, one health check."""

import importlib.util
import re
import subprocess
import sys
from fnmatch import fnmatch
from pathlib import Path

import pytest

DOCKER = Path(__file__).parents[3] / "docker"
FILES = sorted(DOCKER.glob("*.Dockerfile"))
NAMES = [path.name.removesuffix(".Dockerfile") for path in FILES]

spec = importlib.util.spec_from_file_location("locks", DOCKER / "locks.py")
assert spec is not None and spec.loader is not None
locks = importlib.util.module_from_spec(spec)
spec.loader.exec_module(locks)


def test_there_is_one_for_each_lock() -> None:
    assert set(NAMES) == set(locks.EXTRAS)


@pytest.mark.parametrize("path", FILES, ids=NAMES)
def test_hadolint_has_nothing_to_say(path: Path) -> None:
    program = Path(sys.executable).with_name("hadolint")
    said = subprocess.run([program, path], capture_output=True, text=True, check=False)
    assert (said.returncode, said.stdout) == (0, "")


@pytest.mark.parametrize("name", NAMES)
def test_locks_are_current(name: str) -> None:
    assert (DOCKER / f"{name}.lock").read_text() == locks.lock(name)


def test_the_gateways_lock_cannot_compute() -> None:
    pins = {name for name, _ in locks.pins()} & locks.closure(locks.EXTRAS["gateway"])
    assert "grpcio" in pins and "celery" in pins
    assert not pins & {"torch", "ray", "scikit-learn", "scipy", "onnxruntime", "pytest"}


@pytest.mark.parametrize("path", FILES, ids=NAMES)
def test_what_every_image_promises(path: Path) -> None:
    text = path.read_text()
    assert re.search(r"^ARG BASE_IMAGE=\S+:3\.12-slim-bookworm$", text, re.M)
    assert re.findall(r"^FROM (\S+)", text, re.M) == ["${BUILD_IMAGE}", "${BASE_IMAGE}"]
    assert re.search(r"^ARG BUILD_IMAGE=\${BASE_IMAGE}$", text, re.M)
    assert re.findall(r"^USER (\S+)$", text, re.M) == ["10001:10001"]
    assert len(re.findall(r"^HEALTHCHECK", text, re.M)) == 1
    assert "--require-hashes" in text


@pytest.mark.parametrize("path", FILES, ids=NAMES)
def test_what_is_copied_is_in_the_context(path: Path) -> None:
    """`.dockerignore` leaves out everything but what it names; only `!` lines let something in."""
    lines = (DOCKER.parent / ".dockerignore").read_text().splitlines()
    let_in = [line[1:] for line in lines if line.startswith("!")]
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", path.read_text(), re.M)
    sources = [source for line in copied for source in line.split()]
    assert sources
    for source in sources:
        assert (DOCKER.parent / source).exists(), source
        assert any(fnmatch(source, pattern) for pattern in let_in), source


@pytest.mark.parametrize("name", NAMES)
def test_the_locks_that_come_first_are_parts_of_the_last(name: str) -> None:
    """So what they install is not installed twice, and their layers are shared."""
    copied = re.findall(
        r"^COPY docker/(\S+)\.lock", (DOCKER / f"{name}.Dockerfile").read_text(), re.M
    )
    assert copied[-1] == name
    for part in copied[:-1]:
        assert set((DOCKER / f"{part}.lock").read_text().splitlines()[1:]) <= set(
            (DOCKER / f"{name}.lock").read_text().splitlines()
        )
