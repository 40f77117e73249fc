"""Finding sets beside one another, as a table, a page, a table for programs."""

import csv
import json

import pytest

from tests.unit.client.fake_values import GENERATOR_DIGEST


@pytest.fixture
def both(directrix, found):
    done = directrix("discover", "run", "interfacegan", "-g", "fashion", "-p", "classifier")
    return [found, done.text.strip().rsplit("/", 1)[-1]]


def test_a_table_on_the_terminal(directrix, both):
    lines = directrix("compare", *both).text.splitlines()
    assert lines[1].split() == [
        *(both[0], "sefa", "z", "9/10", "1", "SD", "100%", "0.125", "0.25", "1.5", "-", "-0.5"),
    ]
    assert lines[2].split()[4:7] == ["2", "SD", "0%"]
    assert lines[3].split()[1] == "interfacegan"


def test_json(directrix, both):
    (found,) = directrix("compare", *both, "--json").lines
    assert [each["method"] for each in found["sets"]] == ["sefa", "interfacegan"]
    assert [s["target"] for s in found["sets"][0]["best"]][:2] == ["bag", "coat"]


def test_files_by_their_endings(gateway, directrix, both, tmp_path):
    gateway.models["projects/default/models/fashion"].digest = GENERATOR_DIGEST
    paths = [tmp_path / f"methods.{kind}" for kind in ("html", "csv", "json")]
    options = [word for path in paths for word in ("-o", path)]
    done = directrix("compare", *both, *options)
    assert done.code == 0 and done.text == ""
    page = paths[0].read_text()
    assert page.count("<img") == 2 * 6 * 3  # sets, targets, changes: 2 SD is not reached
    assert "Re-scoring matrix" in page and "mean dependency" in page
    rows = list(csv.DictReader(paths[1].open()))
    assert len(rows) == 2 * (2 + 2 * 9)
    dress = [r for r in rows if r["target"] == "dress" and r["change_sd"] == "1.0"]
    assert [r["method"] for r in dress] == ["sefa", "interfacegan"]
    assert float(dress[0]["dependency_mean_sd"]) == 0.125 and dress[0]["identity"] == ""
    assert json.loads(paths[2].read_text())["samples"] == 128


def test_other_endings_and_unknown_sets(directrix, both, tmp_path):
    assert directrix("compare", *both, "-o", tmp_path / "x.pdf").code == 2
    assert directrix("compare", both[0], "f0").code == 4


def test_an_edit_that_asks_for_a_change(directrix, found, tmp_path):
    out = tmp_path / "out.png"
    done = directrix("edit", "fashion", "-m", f"{found}:0:raise=1", "-o", out, "--json")
    (move,) = done.lines[0]["recipe"]["moves"]
    assert move["alpha"] == 1.5 and "change_sd" not in move
    again = directrix("edit", "--recipe", out, "-o", tmp_path / "again.png", "--json")
    assert again.lines[0]["digest"] == done.lines[0]["digest"]
