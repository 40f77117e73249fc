"""The API is kept: what breaks callers is told, additions are not; every call has its example."""

import importlib.util
import shutil
from pathlib import Path
from types import ModuleType

import pytest

PROTOS = Path(__file__).parents[2] / "protos"
EDITING = "directrix/v1/editing_service.proto"


def script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, PROTOS / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def protos(tmp_path: Path) -> Path:
    copy = tmp_path / "protos"
    shutil.copytree(PROTOS, copy)
    return copy


def change(protos: Path, old: str, new: str) -> None:
    file = protos / EDITING
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("int64 dropped = 3;", "int64 dropped = 4;"),
        ("int64 dropped = 3;", "int32 dropped = 3;"),
        ("int64 dropped = 3;", "int64 lost = 3;"),
        ("rpc EditImage(", "rpc EditPicture("),
        ("returns (stream StreamEditsResponse)", "returns (StreamEditsResponse)"),
    ],
)
def test_what_breaks_callers_is_told(protos: Path, old: str, new: str) -> None:
    change(protos, old, new)
    assert script("compatibility").broken(protos)


def test_what_is_added_is_not(protos: Path) -> None:
    change(protos, "int64 dropped = 3;", "int64 dropped = 3;\n  // New.\n  string added = 4;")
    assert script("compatibility").broken(protos) == ""


def test_every_example_is_of_a_call_of_the_page() -> None:
    reference = script("reference")
    page = reference.page()
    names = {path.stem for path in (PROTOS / "examples").glob("*.json")}
    assert {name for name in names if f"{name.replace('.', '/')} <<END" not in page} == set()
    assert page == reference.PAGE.read_text()
