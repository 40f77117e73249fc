"""Which way imports point: every contract holds, and each is seen to break when it is broken."""

import ast
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CONFIG = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]

BREACHES = {
    "library": ("directrix/types/recipe.py", "import directrix.archive"),
    "services": ("services/gateway/names.py", "import services.worker.step"),
    "direction": ("directrix/cli/output.py", "import services.settings"),
    "ray": ("services/inference/channel.py", "import ray"),
    "celery": ("services/jobs/store.py", "from celery import Celery"),
    "torch": ("services/artifacts/keys.py", "import directrix.devices"),
    "pure": ("directrix/methods/sefa.py", "import grpc"),
}
"""A line that breaks each contract, and the file to which it is added."""

FRONT_DOOR = [
    "directrix.cli", "directrix.client", "directrix.demo", "directrix.foreign", "directrix.wire",
    "services.access", "services.admin", "services.artifacts", "services.gateway",
    "services.inference", "services.jobs", "services.remote", "services.sight", "services.stack",
]  # fmt: skip

BLOCKED = """
import importlib, pkgutil, sys

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("torch", "sklearn", "ray", "onnxruntime"):
            raise ImportError(f"{name} is blocked")

sys.meta_path.insert(0, Blocked())
package = importlib.import_module(sys.argv[1])
for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
    importlib.import_module(module.name)
"""


def lint(folder: Path, cache: Path, *contracts: str) -> "subprocess.CompletedProcess[str]":
    only = [argument for name in contracts for argument in ("--contract", name)]
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-logo"]
    return subprocess.run(
        [*command, "--cache-dir", str(cache), *only],
        cwd=folder, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(folder)},
    )  # fmt: skip


def copy_sources(folder: Path) -> None:
    """Python files only, with their times, so that what is cached of them stays valid."""
    for package in ("directrix", "services"):
        for file in (ROOT / package).rglob("*.py"):
            target = folder / file.relative_to(ROOT)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(file, target)
    shutil.copy2(ROOT / "pyproject.toml", folder)


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tree")
    copy_sources(folder)
    return folder


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


def test_every_contract_holds_in_the_copy(tree: Path, cache: Path) -> None:
    answer = lint(tree, cache)
    assert answer.returncode == 0, answer.stdout
    assert f"Contracts: {len(BREACHES)} kept, 0 broken." in answer.stdout


def test_every_contract_has_its_breach() -> None:
    assert {contract["id"] for contract in CONFIG["contracts"]} == set(BREACHES)


@pytest.mark.parametrize("contract", BREACHES)
def test_a_breach_is_caught(contract: str, tree: Path, cache: Path) -> None:
    name, line = BREACHES[contract]
    file = tree / name
    before = file.read_text()
    file.write_text(f"{before}\n\n{line}\n")
    try:
        answer = lint(tree, cache, contract)
    finally:
        shutil.copy2(ROOT / name, file)
    assert answer.returncode == 1
    assert "Contracts: 0 kept, 1 broken." in answer.stdout


@pytest.mark.slow  # each in a process of its own
@pytest.mark.parametrize("package", FRONT_DOOR)
def test_it_imports_without_torch(package: str) -> None:
    """A contract does not see imports made by name; a process in which torch is blocked does."""
    answer = subprocess.run(
        [sys.executable, "-c", BLOCKED, package], cwd=ROOT, capture_output=True, text=True
    )
    assert answer.returncode == 0, answer.stderr


PURE = next(c for c in CONFIG["contracts"] if c["id"] == "pure")["source_modules"]
OUTSIDE = {
    "asyncio", "datetime", "logging", "os", "random", "shutil", "socket", "subprocess", "tempfile",
    "time",
}  # fmt: skip
CALLS = {"open", "print", "input", "manual_seed"}
METHODS = {"read_text", "read_bytes", "write_text", "write_bytes", "mkdir", "unlink"}
ALLOWED = {
    ("directrix/model_files.py", "read_bytes"): "serves the command-line entry points of models",
    ("directrix/inversion/training.py", "manual_seed"): "first weights, within a forked stream",
}
"""What a pure module may do all the same, and why."""


def pure_files() -> list[Path]:
    files = []
    for module in PURE:
        path = ROOT / module.replace(".", "/")
        files += path.rglob("*.py") if path.is_dir() else [path.with_suffix(".py")]
    return sorted(file for file in files if file.name != "__main__.py")


def impurities(source: str) -> set[str]:
    """Names of the environment, clock, disk and chance that a module reaches for."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names} & OUTSIDE
        elif isinstance(node, ast.ImportFrom):
            found |= {(node.module or "").partition(".")[0]} & OUTSIDE
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            found |= {node.func.id} & CALLS
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            found |= {node.func.attr} & METHODS
            if isinstance(node.func.value, ast.Name):  # a stream of one's own is no global one
                found |= {node.func.attr} & {"manual_seed"}
    return found


def test_pure_modules_touch_nothing_outside() -> None:
    found = {
        (file.relative_to(ROOT).as_posix(), name)
        for file in pure_files()
        for name in impurities(file.read_text())
    }
    assert found == set(ALLOWED)


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("import os\nos.environ['A']", "os"),
        ("from time import time", "time"),
        ("open('x')", "open"),
        ("Path('x').write_text('')", "write_text"),
        ("torch.manual_seed(0)", "manual_seed"),
    ],
)
def test_impurities_are_seen(source: str, name: str) -> None:
    assert impurities(source) == {name}
