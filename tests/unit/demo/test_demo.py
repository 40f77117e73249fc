import io
import json
import re

import numpy as np
import pytest
from PIL import Image

from directrix.client import read_recipe
from directrix.demo.__main__ import main
from tests.unit.client.fake_gateway import FakeGateway
from tests.unit.client.fake_server import served
from tests.unit.client.fake_values import card, draw


def put_models(folder, *names):
    """Model folders whose cards the fake gateway reads."""
    for name in names:
        (folder / name).mkdir(parents=True)
        kind = "generator" if "generator" in name else "predictor"
        (folder / name / "card.json").write_text(card(kind, name))
        (folder / name / "model.safetensors").write_bytes(name.encode() * 8)


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """Two runs of the demonstration against one fake gateway, from model folders."""
    root = tmp_path_factory.mktemp("demo")
    put_models(root / "models", "fashion-generator", "fashion-classifier", "fashion-oracle")
    gateway = FakeGateway()
    with served(gateway) as target:
        for run in ("first", "second"):
            paths = ["--models", str(root / "models"), "--out", str(root / run)]
            assert main(["--endpoint", target, *paths]) == 0
    return root, gateway


def summary(told, run="first"):
    return json.loads((told[0] / run / "summary.json").read_text())


def test_the_summary_has_what_programs_ask_for(told):
    facts = summary(told)
    assert [m["name"] for m in facts["methods"]] == ["sefa", "interfacegan", "intervention"]
    for method in facts["methods"]:
        assert method["generator"] == "fashion-generator" and method["directions"] == 10
        assert method["top_effect_sd"] == 2.0 and method["top_target"] == "t-shirt"
    (edit,) = facts["edits"]
    assert edit["same_bytes_again"] is True and edit["alpha"] == 2.5
    asked = [(c["from"], c["to"]) for c in facts["counterfactuals"]]
    assert asked == [("boot", "sneaker")] * 3 + [("dress", "t-shirt")] * 3
    for each in facts["counterfactuals"]:
        assert each["status"] == "found" and each["oracle_agrees"] is True
        assert each["directions_moved"] == 1
    assert [c["index"] for c in facts["counterfactuals"]] == [9, 19, 29, 3, 13, 23]


def test_every_picture_is_there_and_whole(told):
    paths = summary(told)["pictures"]
    assert len(paths) == 9 + 1 + 2
    for path in paths:
        with open(path, "rb") as file:
            Image.open(io.BytesIO(file.read())).load()
    (edited,) = [p for p in paths if p.endswith("edited.png")]
    with open(edited, "rb") as file:
        assert read_recipe(file.read()).moves[0].alpha == 2.5


def test_methods_are_compared_on_a_page_of_their_own(told):
    (path,) = summary(told)["comparisons"]
    with open(path) as file:
        page = file.read()
    assert path.endswith("comparison-fashion.html")
    assert "http" not in page and page.count("<img") == 3 * 6 * 3  # methods, targets, changes
    assert all(f"<b>{m}</b>" in page for m in ("sefa", "interfacegan", "intervention"))


def test_the_page_needs_nothing_but_itself(told):
    page = (told[0] / "first" / "index.html").read_text()
    assert not re.search(r'(?:src|href)="(?!data:|#)', page)
    assert "http" not in page and "@import" not in page and "url(" not in page
    assert "prefers-color-scheme: dark" in page
    assert page.count("<figure>") == 9 + 1 and page.count('class="answer"') == 6
    assert all(f'alt="{kind}"' in page for kind in ("before", "after", "difference"))


def test_all_worlds_that_are_there_share_the_page(tmp_path):
    """From two folders; the third world lacks a predictor and is left out."""
    put_models(tmp_path / "bundled", "fashion-generator", "fashion-classifier")
    put_models(tmp_path / "bundled", "avatar-generator-r00", "avatar-regressor")
    put_models(tmp_path / "built", "face-generator", "face-landmarks")
    folders = [str(tmp_path / "bundled"), str(tmp_path / "built")]
    with served(FakeGateway()) as target:
        arguments = ["--endpoint", target, "--models", *folders, "--out", str(tmp_path)]
        assert main(arguments) == 0
    page = (tmp_path / "index.html").read_text()
    assert re.findall(r'<section id="(\w+)">', page) == ["fashion", "avatar"]
    assert re.findall(r'<a href="#(\w+)">', page) == ["fashion", "avatar"]
    facts = json.loads((tmp_path / "summary.json").read_text())
    told = [(m["generator"], m["name"]) for m in facts["methods"]]
    assert told[2:] == [
        ("fashion-generator", "intervention"),
        ("avatar-generator-r00", "interfacegan"),
    ]
    assert "-P &#x27;scorers=[&quot;smile&quot;" in page or "-P 'scorers=[&quot;smile&quot;" in page


def test_a_second_run_reuses_what_is_there(told):
    _, gateway = told
    assert len(gateway.operations) == 3 and len(gateway.sets) == 3
    first, second = summary(told), summary(told, "second")
    assert [m["reused"] for m in first["methods"]] == [False] * 3
    assert [m["reused"] for m in second["methods"]] == [True] * 3
    digests = [m["digest"] for m in first["methods"]]
    assert [m["digest"] for m in second["methods"]] == digests
    assert [e["digest"] for e in second["edits"]] == [e["digest"] for e in first["edits"]]


def test_the_table_on_standard_output(capfd, told, tmp_path):
    root, gateway = told
    with served(gateway) as target:
        assert main(["--endpoint", target, "--models", str(root / "models"),
                     "--out", str(tmp_path)]) == 0  # fmt: skip
    out = capfd.readouterr().out
    assert "What the methods found" in out
    row = next(line for line in out.splitlines() if "interfacegan" in line)
    assert row.split() == [
        *("interfacegan", "0", "component", "0", "t-shirt"),
        *("2.00", "0.25", "75%", "0.0"),
    ]


def test_nobody_there(capfd, tmp_path):
    put_models(tmp_path / "models", "fashion-generator", "fashion-classifier")
    arguments = ["--endpoint", "127.0.0.1:1", "--models", str(tmp_path / "models")]
    assert main([*arguments, "--out", str(tmp_path / "out")]) == 1
    assert "the demonstration failed" in capfd.readouterr().err


def test_films_move_to_the_right_along_the_sign(told):
    """The fake's bar follows alpha: sample 3 moved by +2 SD is the bar at 5."""
    root, _ = told
    sheet = np.asarray(Image.open(root / "first" / "pictures" / "fashion-sefa-0.png"))
    tile = draw(5).repeat(3, axis=0).repeat(3, axis=1).repeat(3, axis=2)
    rows = places(sheet[:, :, 0], tile[:, :, 0])
    step = (28 + 2) * 3  # samples 2 and 3 reach 5 in neighbouring columns of neighbouring rows
    assert (rows[1] - rows[0]).tolist() == [step, -step]


def places(sheet, tile):
    """Where the tile lies in the sheet, [n, 2]: first by some of its pixels, then by all."""
    height, width = (a - b + 1 for a, b in zip(sheet.shape, tile.shape, strict=True))
    same = np.ones((height, width), bool)
    for y in range(0, tile.shape[0], 9):
        for x in range(0, tile.shape[1], 9):
            same &= sheet[y : y + height, x : x + width] == tile[y, x]
    whole = [
        (y, x)
        for y, x in np.argwhere(same)
        if (sheet[y : y + tile.shape[0], x : x + tile.shape[1]] == tile).all()
    ]
    return np.array(whole)
