"""The example client in Node: the same bytes as the Python client's, and errors by their reason."""

import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from directrix.client import Client
from tests.conftest import ROOT

pytestmark = pytest.mark.skipif(
    shutil.which("npm") is None and not os.environ.get("CI"), reason="npm is missing"
)


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its folder with its dependencies, beside a copy of the protos."""
    root = tmp_path_factory.mktemp("node")
    shutil.copytree(ROOT / "protos", root / "protos")
    folder = root / "examples" / "node"
    shutil.copytree(
        ROOT / "examples" / "node", folder, ignore=shutil.ignore_patterns("node_modules")
    )
    subprocess.run(["npm", "ci", "--silent", "--no-audit", "--no-fund"], cwd=folder, check=True)
    return folder


def edit(
    folder: Path, endpoint: str, generator: str, out: Path
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["node", "edit.mjs", generator, "fashion-classifier", "7", str(out)],
        cwd=folder,
        env={
            "PATH": str(Path(shutil.which("node") or "node").parent),
            "DIRECTRIX_ENDPOINT": endpoint,
        },
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_it_draws_what_the_python_client_draws(
    example: Path, endpoint: str, tmp_path: Path
) -> None:
    client = Client(endpoint)
    for name in ("fashion-generator", "fashion-classifier"):
        folder = ROOT / "directrix" / "zoo" / "models" / name
        tensors = (folder / "model.safetensors").read_bytes()
        client.register_model(name, (folder / "card.json").read_text(), tensors)
    done = edit(example, endpoint, "fashion-generator", tmp_path / "out.png")
    assert done.returncode == 0, done.stderr
    said, digest = done.stdout.rsplit(maxsplit=1)
    mine = client.edit("fashion-generator", seed=7, predictors=["fashion-classifier"])
    (scores,) = mine.scores.values()
    assert digest == mine.digest
    assert (np.asarray(Image.open(tmp_path / "out.png")) == mine.image[:, :, 0]).all()
    assert said == max(scores, key=scores.__getitem__)


def test_it_tells_the_reason_of_an_error(example: Path, endpoint: str, tmp_path: Path) -> None:
    done = edit(example, endpoint, "nobody", tmp_path / "out.png")
    assert done.returncode == 1
    assert done.stderr.startswith("MODEL_NOT_FOUND: ")
    assert not (tmp_path / "out.png").exists()
