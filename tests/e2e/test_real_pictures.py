"""An audit of somebody else's classifier over real pictures, through inversion; bundled models.

The classifier is an ONNX file; the pictures are a folder of Fashion-MNIST's test images.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from directrix.archive import array_digest, to_pixels
from directrix.zoo import fashion_data
from tests.conftest import ROOT
from tests.contract.clothes_file import clothes_file

pytestmark = [
    pytest.mark.timeout(600),
    pytest.mark.skipif(
        not fashion_data.FOLDER.exists() and not os.environ.get("CI"),
        reason="Debian's dataset-fashion-mnist is not installed",
    ),
]
MODELS = ROOT / "directrix/zoo/models"
PICTURES = 6


@pytest.fixture
def directrix(endpoint: str, tmp_path: Path):
    def run(*words: object) -> str:
        command = [sys.executable, "-m", "directrix.cli", "--endpoint", endpoint, *map(str, words)]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        done = subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    return run


def pictures(folder: Path) -> np.ndarray:
    """The first test images as PNG files; uint8 [N, H, W, C]."""
    images, _ = fashion_data.load("test")
    pixels = to_pixels(images[:PICTURES])
    folder.mkdir()
    for i, image in enumerate(pixels):
        Image.fromarray(image[..., 0]).save(folder / f"{i}.png")
    return pixels


def test_a_file_is_audited_over_a_folder_of_real_pictures(directrix, tmp_path: Path) -> None:
    (tmp_path / "street-clothes.onnx").write_bytes(clothes_file())
    names = "t-shirt,trouser,pullover,dress,coat,sandal,shirt,sneaker,bag,boot"
    directrix(
        "models", "import-onnx", "street-clothes.onnx", "--classes", names, "-o", "street-clothes"
    )
    directrix("models", "register", "street-clothes")
    for name in ("fashion-generator", "fashion-oracle"):
        directrix("models", "register", MODELS / name)
    sefa = ("discover", "run", "sefa", "-g", "fashion-generator", "--param", "components=2")
    findings = directrix(*sefa)
    pixels = pictures(tmp_path / "folder")
    name = directrix(
        "audit", "run", "street-clothes", "-g", "fashion-generator", "-f", findings,
        "--reference", "fashion-oracle", "--images", "folder", "--inversion-steps", "40",
        "--random-findings", "20", "--explained", "1", "--probability", "0.95",
        "--explanation-budget", "200", "--pairs", "2", "-o", "report",
    )  # fmt: skip
    told = json.loads((tmp_path / "report/audit.json").read_text())
    found, asked = told["audit"], told["specification"]
    assert name == f"projects/default/audits/a{told['digest'][:40]}"
    assert (found["samples"], found["images"]) == (PICTURES, array_digest(pixels))
    assert (asked["target_probability"], asked["budget"]) == (0.95, 200)
    assert found["target_probability"] == 0.95 and found["stability"]["asked"] == 1
    assert len(found["reliance"]) == 2 and found["agreement"] >= 0.5
    assert found["span"]["verdict"] == "untold"  # fewer than eight pictures
    assert 0 < found["span"]["error"] < 0.1
    assert all(0 <= row["variation"]["value"] <= 1 for row in found["reliance"])
    page = (tmp_path / "report/audit.html").read_text()
    assert "probability of 0.95" in page
    assert all(
        part in told["reproduce"] for part in ("--probability 0.95", "--explanation-budget 200")
    )
