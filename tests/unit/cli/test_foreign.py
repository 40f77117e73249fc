"""Folders of predictors made elsewhere, without any service."""

import json

import pytest

from directrix.model_files import read_model
from tests.contract.models import CLASSES, onnx_model


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "Small Shop_v2.onnx"
    path.write_bytes(onnx_model()[1]["graph"].tobytes())
    return path


def test_a_file_and_its_classes_make_a_folder(directrix, file, tmp_path):
    out = tmp_path / "made"
    done = directrix("models", "import-onnx", file, "--classes", ",".join(CLASSES), "-o", out)
    assert (done.code, done.text) == (0, f"{out}\n")
    card, arrays = read_model(out)
    expected, _ = onnx_model()
    assert card.name == "small-shop-v2" and card.digest == expected.digest
    assert arrays["graph"].tobytes() == file.read_bytes()
    registered = directrix("models", "register", out)
    assert registered.text == "projects/default/models/small-shop-v2\n"


def test_whatever_differs_is_said(directrix, file, tmp_path):
    command = [
        "models", "import-onnx", file, "-o", tmp_path / "made", "--name", "mood", "--json",
        "--scorer", "glad=logits:2", "--scorer", "sad=-logits:2", "--kind", "value",
        "--unit", "points", "--image", "3x64x64", "--size", "12x12", "--channels", "1",
        "--range", "0,255", "--mean", "127.5", "--deviation", "58",
    ]  # fmt: skip
    (line,) = directrix(*command).lines
    card, _ = read_model(tmp_path / "made")
    assert line["digest"] == card.digest and line["name"] == card.name == "mood"
    assert [(s.name, s.kind, s.unit) for s in card.scorers] == [
        ("glad", "value", "points"),
        ("sad", "value", "points"),
    ]
    assert card.task == "regressor" and card.image.height == 64
    assert [reading["sign"] for reading in card.config["readings"]] == [1, -1]
    told = {key: card.config[key] for key in ("height", "channels", "high", "mean", "deviation")}
    assert told == {
        "height": 12, "channels": 1, "high": 255.0, "mean": [127.5], "deviation": [58.0]
    }  # fmt: skip


@pytest.mark.parametrize(
    ("options", "wrong"),
    [
        ((), "either --classes or --scorer"),
        (("--classes", "a", "--scorer", "a=logits"), "either --classes or --scorer"),
        (("--scorer", "logits"), "NAME="),
        (("--classes", "a", "--output", "nothing"), "no output 'nothing'"),
        (("--classes", "a", "--size", "7"), "--size is 2 numbers"),
        (("--classes", "a", "--mean", "x"), "--mean is numbers"),
        (("--classes", "a", "--image", "2x12x12"), "channels"),
        (("--classes", "a", "--layout", "chwn"), "layout"),
        (("--classes", "a", "--name", "Ä"), "name"),
        (("--classes", "a", "--channels", "3"), "N x 3 x 12 x 12"),
    ],
)
def test_what_cannot_be_is_refused_with_its_option(directrix, file, tmp_path, options, wrong):
    done = directrix("models", "import-onnx", file, "-o", tmp_path / "made", *options)
    assert done.code == 2 and wrong in done.err
    assert not (tmp_path / "made").exists()


def test_what_is_no_graph_is_refused(directrix, tmp_path):
    (tmp_path / "bad.onnx").write_bytes(b"PK\x03\x04 a pickle, say")
    command = ["models", "import-onnx", tmp_path / "bad.onnx", "--classes", "a", "-o", tmp_path]
    done = directrix(*command, "--json")
    assert done.code == 2 and "protobuf" in json.loads(done.err)["error"]["message"]


def test_a_service_is_described_by_its_alias_and_no_address(directrix, tmp_path):
    out = tmp_path / "made"
    done = directrix(
        "models", "import-remote", "shop", "--model", "clothes", "--version", "3", "-o", out,
        "--image", "1x28x28", "--input", "pixels", "--output", "logits", "--classes", "a,b",
    )  # fmt: skip
    assert done.code == 0
    card, arrays = read_model(out)
    assert arrays == {} and card.architecture == "remote" and not card.differentiable
    assert {key: card.config[key] for key in ("alias", "model", "version", "input")} == {
        "alias": "shop", "model": "clothes", "version": "3", "input": "pixels"
    }  # fmt: skip
    address = ("models", "import-remote", "10.0.0.1:80", "--model", "m", "--version", "1")
    rest = ("-o", tmp_path / "no", "--image", "1x2x2", "--input", "x", "--output", "y")
    refused = directrix(*address, *rest, "--classes", "a")
    assert refused.code == 2 and "alias" in refused.err
