"""What the documents say to type, typed as it stands against the running system; and their links.

The models are the bundled ones.
"""

import html
import importlib.util
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from directrix.client import read_recipe
from tests.conftest import ROOT, Stack
from tests.contract.clothes_file import clothes_file

pytestmark = pytest.mark.timeout(900)  # they type whole pages, discoveries included

PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
TEXT = {page.relative_to(ROOT).as_posix(): page.read_text() for page in PAGES}
README = TEXT["README.md"]
CLI = TEXT["docs/cli.md"]
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def block(text: str, language: str) -> str:
    """The one block of a page in a language."""
    (found,) = re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)
    return found


def typed(console: str) -> str:
    """The lines of a console block that a person types."""
    return "\n".join(re.findall(r"^\$ (.*)$", console, re.MULTILINE))


def run(command: list[str], folder: Path, endpoint: str) -> str:
    """What it prints, in a folder that holds nothing but the repository's `directrix`."""
    if not (folder / "directrix").exists():
        (folder / "directrix").symlink_to(ROOT / "directrix")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "DIRECTRIX_ENDPOINT": endpoint}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def shell(lines: str, folder: Path, endpoint: str) -> str:
    return run(["bash", "-euo", "pipefail", "-c", lines], folder, endpoint)


def test_the_page_on_explanations(endpoint: str, tmp_path: Path) -> None:
    said = shell(block(TEXT["docs/explanations.md"], "bash"), tmp_path, endpoint)
    assert "it would say sneaker if" in said
    flip, held = (Image.open(tmp_path / name) for name in ("flip.png", "held.png"))
    assert flip.height > held.height  # further answers are rows of their own


def test_the_black_boxes_of_the_page(endpoint: str, tmp_path: Path) -> None:
    """Of the bundled classifier, as somebody else's file."""
    (tmp_path / "clothes.onnx").write_bytes(clothes_file())
    said = shell(typed(block(TEXT["docs/explanations.md"], "console")), tmp_path, endpoint)
    assert "projects/default/models/clothes" in said and "it would say" in said
    assert Image.open(tmp_path / "why.png").width > 3 * 28


def test_the_page_on_audits(endpoint: str, tmp_path: Path) -> None:
    """As the page says; and the command in the report gives the same audit again."""
    said = shell(block(TEXT["docs/audits.md"], "bash"), tmp_path, endpoint).splitlines()
    assert any("moves its answer by" in line for line in said)
    report = tmp_path / "report"
    told = json.loads((report / "audit.json").read_text())
    name = f"projects/default/audits/a{told['digest'][:40]}"
    assert any(name in line for line in said)
    page = html.unescape((report / "audit.html").read_text())
    assert told["reproduce"] in page and page.count("<img") >= 3
    assert len((report / "audit.csv").read_text().splitlines()) == 1 + len(
        told["audit"]["reliance"]
    )
    assert shell(told["reproduce"], tmp_path, endpoint) == f"{name}\n"


def test_the_readme(endpoint: str, tmp_path: Path) -> None:
    said = shell(block(README, "bash"), tmp_path, endpoint)
    assert "projects/default/models/fashion-classifier" in said
    out, flip = tmp_path / "out.png", tmp_path / "flip.png"
    assert read_recipe(out.read_bytes()).moves[0].alpha == 2.5
    assert Image.open(flip).width > 3 * 28  # before, after, difference
    pixels = Image.open(out).tobytes()
    out.unlink()
    code = block(README, "python").replace("Client()", f"Client({endpoint!r})")
    assert "sneaker" in run([sys.executable, "-c", code], tmp_path, endpoint)
    assert Image.open(out).tobytes() == pixels


def test_the_first_round_of_the_command(endpoint: str, tmp_path: Path) -> None:
    console = block(CLI, "console")
    said = shell(typed(console), tmp_path, endpoint)
    for line in re.findall(r"^(projects/.*)$", console, re.MULTILINE):
        assert line in said.splitlines()
    assert read_recipe((tmp_path / "again.png").read_bytes()).truncation == 0.7
    assert Image.open(tmp_path / "strip.png").width > 7 * 28
    assert Image.open(tmp_path / "flip.png").width > 3 * 28
    code = block(CLI, "python").replace("127.0.0.1:50051", endpoint)
    check = "\nassert client.edit(edited.recipe).digest == edited.digest\nprint(edited.scores)"
    indented = check.replace("\n", "\n    ")
    assert "sneaker" in run([sys.executable, "-c", code.rstrip() + indented], tmp_path, endpoint)


def test_every_call_of_the_page_on_the_api(endpoint: str, tmp_path: Path) -> None:
    """Its blocks one after the other; `buf curl` ends with an error where the gateway says one."""
    blocks = re.findall(r"```bash\n(.*?)```", TEXT["docs/api.md"], re.DOTALL)
    said = shell("\n".join(blocks), tmp_path, endpoint)
    assert len(blocks) == 1 + len(list((ROOT / "protos" / "examples").glob("*.json")))
    assert '"status": "SERVING"' in said


def test_the_settings_of_a_run_are_where_operations_says(stack: Stack) -> None:
    """A service by hand reads them; the loop that prints them stands for the service."""
    lines = block(TEXT["docs/operations.md"], "bash")
    lines = lines.replace("build/stack", str(stack.folder)).replace(
        '["python", "-m", "services.worker"]',
        '["python", "-c", "from services.settings import settings; print(settings().redis_url)"]',
    )
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", lines],
        cwd=ROOT,
        env={**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "**********"  # a secret, and one that is set
    given = json.loads((stack.folder / "environment.json").read_text())
    assert given["DIRECTRIX_GATEWAY_PORT"] == stack.endpoint.rpartition(":")[2]


@pytest.mark.parametrize("page", TEXT)
def test_links_lead_somewhere(page: str) -> None:
    links = set(re.findall(r"\]\(([^)#]+)\)", TEXT[page]))
    outside = {link for link in links if link.startswith("http")}
    assert {
        link for link in links - outside if not (ROOT / page).parent.joinpath(link).exists()
    } == (set())


@pytest.mark.parametrize("page", TEXT)
def test_what_a_page_names_exists(page: str) -> None:
    """Files and folders of ours, targets of the Makefile, modules that are run."""
    text = TEXT[page]
    places = set(re.findall(r"`((?:directrix|services|tests|docs|protos|deploy)/[\w./-]*)`", text))
    targets = set(re.findall(r"(?:^|`|\$ )make ([a-z-]+)\b", text, re.MULTILINE))
    modules = set(re.findall(r"python -m ([\w.]+)", text))
    scripts = set(re.findall(r"python ([\w/]+\.py)", text))
    assert {place for place in places | scripts if not (ROOT / place).exists()} == set()
    assert targets <= TARGETS
    assert {name for name in modules if importlib.util.find_spec(name) is None} == set()
