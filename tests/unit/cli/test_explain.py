from PIL import Image

from directrix.client import read_recipe


def test_facts_and_picture(directrix, found, tmp_path):
    out = tmp_path / "flip.png"
    options = ("-c", "classifier", "-f", found, "--target", "sneaker")
    done = directrix("explain", "fashion", "--index", 9, *options, "-o", out)
    assert done.code == 0, done.err
    facts = dict(line.split("  ", 1) for line in done.text.splitlines())
    facts = {name.strip(): value.strip() for name, value in facts.items()}
    assert facts["status"] == "found" and facts["oracle agrees"] == "not asked"
    assert facts["moved"] == "finding 1 by -2.00 SD"
    assert facts["in other views"] == "75% of 16 still the target"
    assert facts["log density"] == "-0.50 nats" and "oracle, other views" not in facts
    assert Image.open(out).width > 3 * 28 * 6


def test_json_with_an_oracle(directrix, found):
    options = ("-c", "classifier", "-f", found, "--oracle", "classifier", "--json")
    (facts,) = directrix("explain", "fashion", "--index", 9, *options).lines
    assert facts["status"] == "found" and facts["oracle_agrees"] is True
    assert facts["moved"] == [{"index": 1, "alpha": -9.0, "contribution": None}]
    assert len(facts["curve"]) == 5
    assert (facts["views"], facts["views_agree"], facts["oracle_views_agree"]) == (16, 0.75, None)
    assert facts["recipe"]["moves"][0]["alpha"] == -9.0


def test_not_found_is_an_answer(directrix, found):
    options = ("-c", "classifier", "-f", found, "--max-alpha", 0.001, "--json")
    done = directrix("explain", "fashion", *options)
    assert done.code == 0
    assert (done.lines[0]["status"], done.lines[0]["cause"]) == ("not_found", "max_alpha reached")
    assert done.lines[0]["oracle_agrees"] is None


def test_an_edited_png_can_be_explained(directrix, found, tmp_path):
    out = tmp_path / "edited.png"
    directrix("edit", "fashion", "--index", 2, "-m", f"{found}:0:1", "-o", out)
    done = directrix("explain", "--recipe", out, "-c", "classifier", "-f", found, "--json")
    assert done.lines[0]["source_class"] == "dress"
    assert read_recipe(out.read_bytes()).moves[0].alpha == 1
