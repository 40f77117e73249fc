import json

from tests.unit.client.fake_values import card


def test_models(directrix):
    listed = directrix("models", "list")
    assert [line.split()[0] for line in listed.text.splitlines()] == [
        "model",
        "classifier",
        "fashion",
    ]
    as_json = directrix("models", "list", "--json").lines[0]
    assert [m["kind"] for m in as_json] == ["predictor", "generator"]
    shown = directrix("models", "show", "classifier")
    assert "scorers  t-shirt, trouser," in shown.text


def test_registering_a_folder(directrix, tmp_path):
    (tmp_path / "card.json").write_text(card("generator", "new-one"))
    (tmp_path / "model.safetensors").write_bytes(b"12345678")
    done = directrix("models", "register", tmp_path)
    assert done.text == "projects/default/models/new-one\n"
    named = directrix("models", "register", tmp_path, "--id", "other", "--json").lines[0]
    assert named["name"] == "projects/default/models/other"
    assert directrix("models", "register", tmp_path / "nowhere").code == 2


def test_findings(directrix, found):
    assert directrix("findings", "list").text.splitlines()[1].split()[:2] == [found, "sefa"]
    shown = directrix("findings", "show", found, "--json").lines[0]
    assert shown["count"] == 10 and shown["parameters"] == {"count": 10}
    assert shown["findings"][3]["hint"] == "component 3"
    assert shown["findings"][3]["arrays"] == {"vector": [10]}
    assert "component 9" in directrix("findings", "show", found).text


def test_scorecard(directrix, found):
    done = directrix("findings", "scorecard", found)
    row = done.text.splitlines()[4].split()
    assert row[:8] == ["3", "dress", "+1.70", "1.60", "to", "1.80", "0.25", "75%"]
    assert row[8:] == ["+1.76", "0.125", "0.25", "-1.5", "to", "+3"]
    assert "random findings reach 0.50 SD" in done.err
    assert directrix("findings", "scorecard", found, "--json").lines[0]["samples"] == 128


def test_jobs(directrix):
    name = directrix("discover", "run", "endless", "-g", "fashion", "--no-wait").text.strip()
    listed = directrix("jobs", "list", "--json").lines[0]
    assert [job["operation"] for job in listed] == [name]
    assert directrix("jobs", "show", name, "--json").lines[0]["state"] == "running"
    cancelled = directrix("jobs", "cancel", name)
    assert cancelled.code == 0 and cancelled.text == ""
    waited = directrix("jobs", "wait", name, "--json")
    assert waited.code == 1
    assert json.loads(waited.err)["error"]["code"] == "CANCELLED"
    assert "cancelled" in directrix("jobs", "list").text
