import io
import json

import numpy as np
from PIL import Image

from directrix.client import read_recipe
from tests.unit.client.fake_values import draw


def pixels(data):
    return np.asarray(Image.open(io.BytesIO(data)))[:, :, None]


def test_standard_output_takes_the_picture_alone(directrix, found):
    done = directrix("edit", "fashion", "--index", 3, "-m", f"{found}:0:2", "-o", "-")
    assert done.code == 0
    np.testing.assert_array_equal(pixels(done.out), draw(5))
    assert done.err.startswith("digest ")


def test_a_png_is_its_own_recipe(directrix, found, tmp_path):
    out, again = tmp_path / "out.png", tmp_path / "again.png"
    options = ("--seed", 7, "--index", 3, "-t", 0.7, "-m", f"{found}:1:-1.5")
    assert directrix("edit", "fashion", *options, "-o", out).code == 0
    recipe = read_recipe(out.read_bytes())
    assert (recipe.seed.seed, recipe.seed.index, recipe.truncation) == (7, 3, 0.7)
    assert [m.alpha for m in recipe.moves] == [-1.5]
    assert directrix("edit", "--recipe", out, "-o", again).code == 0
    assert again.read_bytes() == out.read_bytes()


def test_a_recipe_from_standard_input_can_be_moved_further(directrix, found):
    recipe = {"generator": "projects/default/models/fashion", "seed": {"seed": "1", "index": "4"}}
    done = directrix(
        "edit", "--recipe", "-", "-m", f"{found}:0:1", "-o", "-", input=json.dumps(recipe)
    )
    np.testing.assert_array_equal(pixels(done.out), draw(5))


def test_json_has_scores_digest_and_recipe(directrix):
    done = directrix("edit", "fashion", "--index", 8, "-p", "classifier", "--json")
    (facts,) = done.lines
    assert facts["scores"]["projects/default/models/classifier"]["bag"] == 0
    assert len(facts["digest"]) == 64 and facts["out"] is None
    assert facts["recipe"]["seed"] == {"index": "8"}
    assert done.err == ""


def test_scores_are_a_table_best_first(directrix, tmp_path):
    done = directrix("edit", "fashion", "--index", 9, "-p", "classifier", "-o", tmp_path / "o.png")
    rows = [line.split() for line in done.text.splitlines()]
    assert rows[0] == ["predictor", "scorer", "score"]
    assert rows[1][1] == "boot" and len(rows) == 11


def test_strip_is_a_sheet_of_rows_and_strengths(directrix, found, tmp_path):
    out = tmp_path / "strip.png"
    options = ("--alphas", "-2,0,2", "--index", 0, "--index", 5, "--scale", 1)
    done = directrix("strip", "fashion", f"{found}:0", *options, "-o", out)
    assert done.code == 0, done.err
    sheet = np.asarray(Image.open(out))
    tile = draw(5).repeat(3, axis=2)
    windows = np.lib.stride_tricks.sliding_window_view(sheet, tile.shape)[:, :, 0]
    places = np.argwhere((windows == tile).all(axis=(2, 3, 4)))
    assert len(places) == 1  # sample 5 at strength 0, once, pixel by pixel
    as_json = directrix("strip", "fashion", f"{found}:0", *options, "--json").lines[0]
    assert [f["alpha"] for f in as_json[1]["frames"]] == [-2, 0, 2]


def test_a_picture_is_inverted_as_asked(directrix, tmp_path):
    picture, out = tmp_path / "boot.png", tmp_path / "out.png"
    assert directrix("edit", "fashion", "--index", 9, "-o", picture).code == 0
    options = ("--image", picture, "--encoder", "mine", "--embedder", "oracle")
    assert directrix("edit", "fashion", *options, "-o", out).code == 0
    source = read_recipe(out.read_bytes()).image
    assert source.image == picture.read_bytes()
    assert source.encoder == "projects/default/models/mine"
    assert source.embedder == "projects/default/models/oracle"
