"""The wheel as other products get it: the client and no more, in an environment of its own.

What the wheel wants beside itself is lent from this environment by links, version by version as
locked: nothing is fetched but the build backend, and torch is not there.
"""

import os
import re
import subprocess
import sys
import venv
import zipfile
from importlib.metadata import Distribution, distribution
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MOST_BYTES = 3_000_000
NAME = re.compile(r"[A-Za-z0-9._-]+")

CALL = """
import importlib.util, sys
assert importlib.util.find_spec("torch") is None
from directrix.client import Client, __file__ as found
assert found.startswith(sys.prefix), found
with Client(sys.argv[1]) as client:
    print(len(client.models()), *sorted(method.name for method in client.methods()))
"""

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir"]
    subprocess.run([*build, str(folder), str(ROOT)], check=True)
    (built,) = folder.glob("directrix-*.whl")
    return built


@pytest.fixture(scope="module")
def programs(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of programs of an environment with the wheel and what it wants."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, symlinks=True)
    (packages,) = folder.glob("lib/python*/site-packages")
    for each in wanted_by("directrix", {}):
        lend(each, packages)
    lend(distribution("pip"), packages)
    pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--no-deps"]
    subprocess.run([*pip, "--no-compile", str(wheel)], env=bare(), check=True)
    return folder / "bin"


def wanted_by(name: str, found: dict[str, Distribution]) -> list[Distribution]:
    """All that a base install of a distribution brings with it, each once; not itself."""
    for wish in distribution(name).requires or ():
        wanted = NAME.match(wish).group()
        if ";" not in wish and wanted not in found:
            found[wanted] = distribution(wanted)
            wanted_by(wanted, found)
    return list(found.values())


def lend(lent: Distribution, packages: Path) -> None:
    """Links to its files. Folders that several distributions fill, as `google`, are made anew."""
    for file in lent.files or ():
        source = Path(lent.locate_file(file))
        if ".." in file.parts or not source.exists():
            continue
        target = packages / file
        target.parent.mkdir(parents=True, exist_ok=True)
        if not target.exists():
            target.symlink_to(source)


def bare() -> dict[str, str]:
    return {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}


def run(programs: Path, *command: str) -> str:
    name, *rest = command
    done = subprocess.run(
        [str(programs / name), *rest],
        env=bare(), cwd=programs, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_it_is_small_and_holds_messages_stubs_and_types(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    assert wheel.stat().st_size < MOST_BYTES
    assert not [name for name in names if name.endswith(".safetensors")]
    assert not [name for name in names if name.startswith(("services/", "tests/"))]
    assert "directrix/py.typed" in names
    for proto in (ROOT / "protos/directrix/v1").glob("*.proto"):
        stem = f"directrix/v1/{proto.stem}_pb2"
        stubs = {f"{stem}.py", f"{stem}.pyi", f"{stem}_grpc.py", f"{stem}_grpc.pyi"}
        assert stubs <= names


def test_it_is_content_with_what_it_brings(programs: Path) -> None:
    assert run(programs, "python", "-m", "pip", "check") == "No broken requirements found.\n"
    assert "explain" in run(programs, "directrix", "--help")


def test_it_calls_the_service(programs: Path, endpoint: str) -> None:
    count, *methods = run(programs, "python", "-c", CALL, endpoint).split()
    assert int(count) >= 0
    assert "sefa" in methods
