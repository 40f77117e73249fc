import re

import numpy as np
import pytest


@pytest.fixture
def picture(directrix, tmp_path):
    path = tmp_path / "boot.png"
    assert directrix("edit", "fashion", "--index", 9, "-o", path).code == 0
    return path


def test_the_error_and_the_verdict_are_told(directrix, picture, tmp_path):
    latent = tmp_path / "boot.npy"
    done = directrix(
        "invert", "fashion", picture, "-c", "classifier", "--noise", "--latent", latent
    )
    assert done.code == 0
    assert re.search(r"error +0.25", done.text) and re.search(r"noise_error +0.125", done.text)
    assert "boot, now bag" in done.text
    assert np.load(latent).shape == (4,)


def test_json_and_the_picture(directrix, picture, tmp_path):
    out = tmp_path / "again.png"
    done = directrix("invert", "fashion", picture, "-o", out, "--json")
    (facts,) = done.lines
    assert (facts["space"], facts["error"]) == ("z", 0.25)
    assert out.read_bytes().startswith(b"\x89PNG")
    assert directrix("invert", "fashion", picture, "-o", "-", "--json").code == 2


def test_an_unknown_encoder_exits_with_4(directrix, picture):
    assert directrix("invert", "fashion", picture, "--encoder", "nobody").code == 4


def test_a_training_prints_the_encoder(directrix):
    done = directrix("models", "train-encoder", "fashion", "--id", "fashion-encoder")
    assert done.code == 0
    assert done.text == "projects/default/models/fashion-encoder\n"


def test_a_training_that_is_not_waited_for(directrix):
    words = ("models", "train-encoder", "fashion", "--id", "mine", "--no-wait")
    name = directrix(*words).text.strip()
    assert name.startswith("projects/default/operations/")
    assert directrix("jobs", "wait", name).text == "projects/default/models/mine\n"
    events = directrix(*words[:-1], "--json").lines
    assert events[0]["event"] == "accepted"
    assert events[-1]["model"] == "projects/default/models/mine"
