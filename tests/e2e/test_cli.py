"""The command against the running system, on a toy whose answers are planted.

The generator is linear, its axes are stretched 4 : 2 : 1 : ...; class k of the classifier reads
axis k off the picture.
"""

import json
import os
import subprocess
import sys
from dataclasses import dataclass

import numpy as np
import pytest
from typer.testing import CliRunner

from directrix.archive import pack_arrays
from directrix.cli.app import app
from directrix.client import Client, read_recipe
from directrix.generators import linear as generators
from directrix.predictors import linear as predictors
from directrix.types import ImageCard

CLASSES = ("round", "tall", "wide")
SPECTRUM = (4.0, 2.0, 1.0, 0.5, 0.45, 0.4, 0.35, 0.3)
IMAGE = ImageCard(channels=1, height=12, width=12)


@dataclass(frozen=True)
class Outcome:
    code: int
    out: bytes
    err: str

    @property
    def text(self):
        return self.out.decode()

    @property
    def lines(self):
        return [json.loads(line) for line in self.text.splitlines()]


@pytest.fixture(scope="module")
def directrix(endpoint):
    """Runs `directrix ...` in this process: starting one takes longer than most commands."""

    def run(*arguments):
        done = CliRunner(env={"DIRECTRIX_ENDPOINT": endpoint}).invoke(app, [*map(str, arguments)])
        if done.exception and not isinstance(done.exception, SystemExit):
            raise done.exception
        return Outcome(done.exit_code, done.stdout_bytes, done.stderr)

    return run


@pytest.fixture(scope="module")
def axes(directrix, tmp_path_factory):
    """Registers the toy; returns its axes."""
    folder = tmp_path_factory.mktemp("models")
    arrays, axes = generators.planted(SPECTRUM, pixels=144, seed=3, contrast=0.1)
    models = {
        "toy": (generators.card("toy", IMAGE, z_dim=len(SPECTRUM)), arrays),
        "reader": (
            predictors.card("reader", IMAGE, CLASSES),
            predictors.reading(arrays, axes[:3]),
        ),
    }
    for name, (card, tensors) in models.items():
        (folder / name).mkdir()
        (folder / name / "card.json").write_text(card.model_dump_json())
        (folder / name / "model.safetensors").write_bytes(pack_arrays(tensors))
        done = directrix("models", "register", folder / name)
        assert (done.code, done.text) == (0, f"projects/default/models/{name}\n"), done.err
    return axes


@pytest.fixture(scope="module")
def found(directrix, axes):
    """The events of a discovery by sefa."""
    options = ("-p", "reader", "-P", "normalise=false", "--json")
    done = directrix("discover", "run", "sefa", "-g", "toy", *options)
    assert done.code == 0, done.err
    return done.lines


@pytest.fixture(scope="module")
def finding_set(found):
    return found[-1]["finding_set"].rsplit("/", 1)[-1]


def test_models_are_listed(directrix, axes):
    kinds = {m["name"]: m["kind"] for m in directrix("models", "list", "--json").lines[0]}
    assert kinds["projects/default/models/toy"] == "generator"
    assert kinds["projects/default/models/reader"] == "predictor"


def test_a_process_of_its_own(endpoint, axes):
    done = subprocess.run(
        [sys.executable, "-m", "directrix.cli", "models", "show", "toy", "--json"],
        capture_output=True,
        timeout=60,
        env={**os.environ, "PYTHONPATH": ".", "DIRECTRIX_ENDPOINT": endpoint},
    )
    assert done.returncode == 0 and done.stderr == b""
    assert json.loads(done.stdout)["card"]["architecture"] == "linear"


def test_methods_come_from_the_worker(directrix):
    methods = {m["name"]: m for m in directrix("discover", "methods", "--json").lines[0]}
    assert {"sefa", "interfacegan", "intervention"} <= set(methods)
    assert methods["sefa"]["needs"] == ["weights"]


def test_a_discovery_tells_how_it_stands_and_ends(found):
    assert found[0]["event"] == "accepted" and found[-1]["event"] == "result"
    assert {e["event"] for e in found[1:-1]} == {"progress"}
    assert found[-1]["scored"] is True


def test_the_planted_axes_are_found_in_order(endpoint, finding_set, axes):
    with Client(endpoint) as client:
        directions = client.finding_set(finding_set).value.findings
    for direction, axis in zip(directions[:3], axes[:3], strict=True):
        assert abs(float(direction.vector @ axis)) > 0.999


def test_the_scorecard_names_them(directrix, finding_set):
    (card,) = directrix("findings", "scorecard", finding_set, "--json").lines
    by_index = sorted(card["findings"], key=lambda each: each["index"])
    assert [each["target"] for each in by_index] == [*CLASSES, *["none"] * 5]
    for each in by_index[:3]:  # from -3 to +3 SD of the prior: 6, but for the rounding of pixels
        assert each["effect_sd"] == pytest.approx(6, rel=0.15)
        assert each["side_effect_sd"] < 0.5


def test_sets_are_compared_where_their_change_is_matched(directrix, finding_set, tmp_path):
    out = tmp_path / "methods.html"
    done = directrix("compare", finding_set, "-o", out, "--json")
    assert done.code == 0, done.err
    (compared,) = done.lines[0]["sets"]
    assert (compared["method"], compared["named"]) == ("sefa", 3)
    assert [each["target"] for each in compared["best"]] == sorted(CLASSES)
    for each in compared["best"]:
        at = each["matched"][0]  # the reader reads the axis itself: 1 SD is one unit along it
        assert abs(at["alpha"]) == pytest.approx(1, abs=0.15)
        assert at["dependency_max_sd"] < 0.3 and at["frechet"] > 0
    page = out.read_text()
    assert "http" not in page and page.count("<img") >= 3 * 5


def test_an_edit_asks_for_a_change_of_its_target(directrix, finding_set, tmp_path):
    out = tmp_path / "out.png"
    options = ("--seed", 3, "--index", 5, "-p", "reader", "--json")
    before, after = (
        directrix("edit", "toy", *move, *options, "-o", out)
        for move in ((), ("-m", f"{finding_set}:1:raise=1"))
    )
    assert after.code == 0, after.err
    rise = [each.lines[0]["scores"]["projects/default/models/reader"] for each in (before, after)]
    assert rise[1]["tall"] - rise[0]["tall"] == pytest.approx(1, abs=0.2)
    (move,) = after.lines[0]["recipe"]["moves"]
    assert abs(move["alpha"]) == pytest.approx(1, abs=0.15)


def test_the_same_recipe_gives_the_same_bytes(directrix, finding_set, tmp_path):
    first, second = tmp_path / "first.png", tmp_path / "second.png"
    options = ("--seed", 3, "--index", 5, "-m", f"{finding_set}:1:1.5", "-p", "reader")
    made = directrix("edit", "toy", *options, "-o", first, "--json")
    assert made.code == 0, made.err
    again = directrix("edit", "--recipe", first, "-p", "reader", "-o", second, "--json")
    assert again.lines[0]["digest"] == made.lines[0]["digest"]
    assert again.lines[0]["scores"] == made.lines[0]["scores"]
    assert second.read_bytes() == first.read_bytes()
    assert read_recipe(first.read_bytes()).moves[0].alpha == 1.5


def test_a_strip_raises_the_score_at_every_step(directrix, finding_set):
    options = ("--index", 2, "--alphas", "-2,-1,0,1,2", "-p", "reader", "--json")
    (strips,) = directrix("strip", "toy", f"{finding_set}:0", *options).lines
    scores = [f["scores"]["projects/default/models/reader"]["round"] for f in strips[0]["frames"]]
    steps = np.diff(scores)
    assert (steps > 0.5).all() or (steps < -0.5).all()


def test_an_explanation_is_a_recipe_that_renders_to_it(directrix, finding_set, tmp_path):
    options = ("--index", 4, "-c", "reader", "-f", finding_set, "--json")
    (answer,) = directrix("explain", "toy", *options).lines
    assert answer["status"] == "found" and answer["margin_after"] > 0
    assert answer["oracle_agrees"] is None
    recipe = tmp_path / "recipe.json"
    recipe.write_text(json.dumps(answer["recipe"]))
    (edited,) = directrix("edit", "--recipe", recipe, "-p", "reader", "--json").lines
    assert edited["digest"] == answer["image"]
    scores = edited["scores"]["projects/default/models/reader"]
    assert max(scores, key=scores.get) == answer["target_class"] != answer["source_class"]


def test_no_wait_and_attach_again(directrix, axes):
    command = ("discover", "run", "sefa", "-g", "toy", "--seed", 1, "--no-wait")
    name = directrix(*command).text.strip()
    waited = directrix("jobs", "wait", name)
    assert waited.code == 0 and waited.text.startswith("projects/default/findingSets/f")
    assert directrix("jobs", "show", name, "--json").lines[0]["state"] == "succeeded"
    assert name in [job["operation"] for job in directrix("jobs", "list", "--json").lines[0]]


@pytest.mark.parametrize(
    ("arguments", "code", "reason"),
    [
        (("models", "show", "nothing"), 4, "MODEL_NOT_FOUND"),
        (("jobs", "show", "nothing"), 4, "OPERATION_NOT_FOUND"),
        (("discover", "run", "nonsense", "-g", "toy"), 4, "METHOD_NOT_FOUND"),
        (("discover", "run", "sefa", "-g", "toy", "-P", "x=1"), 2, "INVALID_FIELD"),
        (("discover", "run", "interfacegan", "-g", "toy"), 2, "NEEDS_UNMET"),
        (("--endpoint", "127.0.0.1:1", "models", "list"), 3, ""),
    ],
)
def test_exit_codes(directrix, axes, arguments, code, reason):
    done = directrix(*arguments, "--json")
    facts = json.loads(done.err)["error"]
    assert (done.code, facts["reason"]) == (code, reason)
    assert bool(facts["request_id"]) == bool(reason)
