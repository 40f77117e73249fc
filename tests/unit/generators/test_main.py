"""python -m directrix.generators and directrix.predictors, as a user runs them."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from directrix.archive import pack_arrays
from directrix.generators import __main__ as generators_main
from directrix.generators import build
from directrix.predictors import __main__ as predictors_main
from directrix.types import Space
from tests.contract import models

ROOT = Path(__file__).parents[3]
pytestmark = pytest.mark.slow  # every command is a process that imports torch


def write(folder: Path, model) -> Path:
    card, arrays = model
    folder.mkdir()
    (folder / "card.json").write_text(models.with_digest(card, arrays).model_dump_json())
    (folder / "model.safetensors").write_bytes(pack_arrays(arrays))
    return folder


@pytest.fixture
def style_folder(tmp_path):
    return write(tmp_path / "style", models.style_model())


def test_render_writes_what_the_generator_draws(tmp_path, style_folder):
    z = np.random.default_rng(0).standard_normal((18, 6)).astype(np.float32)
    np.save(tmp_path / "z.npy", z)
    out = tmp_path / "images.npy"
    command = ["render", style_folder, "--z", tmp_path / "z.npy", "--truncation", "0.7"]
    done = subprocess.run(
        [sys.executable, "-m", "directrix.generators", *map(str, command), "--out", str(out)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")
    network = build(*models.style_model(), models.CPU)
    w = network.truncate(network.convert(torch.from_numpy(z), Space.Z, Space.W), Space.W, 0.7)
    made = np.load(out)
    assert made.dtype == np.float32
    np.testing.assert_allclose(made, network.synthesise(w, Space.W).numpy(), atol=1e-4)
    assert made.max() > 1


def test_score_writes_names_and_numbers(tmp_path):
    folder = write(tmp_path / "reader", models.linear_predictor_model())
    images = np.random.default_rng(0).uniform(-1, 1, (3, 1, 12, 12)).astype(np.float32)
    np.save(tmp_path / "images.npy", images)
    out = tmp_path / "scores.json"
    arguments = ["score", folder, "--images", tmp_path / "images.npy", "--out", out]
    assert predictors_main.main([str(a) for a in arguments]) == 0
    answer = json.loads(out.read_text())
    assert answer["scorers"] == ["first", "second"]
    weights = models.linear_predictor_model()[1]["B"]
    np.testing.assert_allclose(answer["scores"], images.reshape(3, -1) @ weights.T, rtol=1e-4)


@pytest.mark.parametrize(
    ("z", "truncation", "message"),
    [
        (np.zeros((2, 5), np.float32), "1", "[N, 6]"),
        (np.zeros(6, np.float32), "1", "[N, 6]"),
        (np.full((1, 6), np.nan), "1", "finite"),
        (np.array([["a"] * 6]), "1", "no npy file of numbers"),
        (np.array([{"a": 1}], dtype=object), "1", "no npy file of numbers"),
        (np.zeros((1, 6)), "3", "[0, 2]"),
        (np.zeros((1, 6)), "nan", "[0, 2]"),
    ],
)
def test_bad_latents_are_answered_with_two(tmp_path, style_folder, capsys, z, truncation, message):
    np.save(tmp_path / "z.npy", z)
    arguments = ["render", style_folder, "--z", tmp_path / "z.npy", "--truncation", truncation]
    code = generators_main.main([str(a) for a in [*arguments, "--out", tmp_path / "o.npy"]])
    said = capsys.readouterr().err
    assert code == 2
    assert said.startswith("error: ") and message in said
    assert len(said.splitlines()) == 1
    assert not (tmp_path / "o.npy").exists()


def test_bad_models_and_files_are_answered_with_two(tmp_path, style_folder, capsys):
    np.save(tmp_path / "images.npy", np.zeros((1, 1, 5, 5), np.float32))
    reader = write(tmp_path / "reader", models.linear_predictor_model())
    for folder, message in (
        (tmp_path / "nowhere", "no card.json"),
        (style_folder, "small-style is a generator"),
        (reader, "[N, 1, 12, 12]"),
    ):
        arguments = [folder, "--images", tmp_path / "images.npy", "--out", tmp_path / "s.json"]
        assert predictors_main.main(["score", *map(str, arguments)]) == 2
        assert message in capsys.readouterr().err
    (reader / "model.safetensors").write_bytes(b"junk")
    assert predictors_main.main(["score", *map(str, [reader, *arguments[1:]])]) == 2
    assert "safetensors" in capsys.readouterr().err
    missing = [style_folder, "--z", tmp_path / "none.npy", "--out", tmp_path / "o.npy"]
    assert generators_main.main(["render", *map(str, missing)]) == 2
    assert "none.npy" in capsys.readouterr().err
