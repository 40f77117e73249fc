"""Audits on the command line."""

import csv
import json

import pytest

from tests.unit.client.fake_audits import AUDIT

RUN = ("audit", "run", "classifier", "-g", "fashion")


def test_a_run_ends_with_the_audits_name_and_its_documents(gateway, directrix, found, tmp_path):
    out = tmp_path / "report"
    options = ("--reference", "classifier", "--samples", 16, "--group", "classifier/boot")
    done = directrix(*RUN, "-f", found, *options, "--allow", f"{found}:3", "-o", out)
    assert (done.code, done.text) == (0, f"{AUDIT}\n")
    assert "it relies on 1 of 8 findings though it should not: boot" in done.err
    assert sorted(path.name for path in out.iterdir()) == ["audit.csv", "audit.html", "audit.json"]
    assert json.loads((out / "audit.json").read_text())["digest"] == "a" * 64
    (asked,) = gateway.audited
    assert asked.groups[0].scorer == "boot" and asked.allowed_findings[0].index == 3
    assert list(asked.steps) == [1, 2, 3] and asked.explained == 8


def test_how_sure_flips_are_and_what_explanations_cost(gateway, directrix, found):
    options = ("--probability", "0.95", "--explanation-budget", "300", "--no-wait")
    assert directrix(*RUN, "-f", found, *options).code == 0
    assert directrix(*RUN, "-f", found, "--no-wait").code == 0
    asked, plain = gateway.audited
    assert (asked.target_probability, asked.explanation_budget) == (0.95, 300)
    assert (plain.target_probability, plain.explanation_budget) == (0, 0)


def test_what_answers_may_rest_on(gateway, directrix, found):
    """A scorer's name may look like much; a finding is SET:INDEX."""
    allowed = ("classifier", "classifier/class: 7", f"{found}:7")
    options = [word for each in allowed for word in ("--allow", each)]
    assert directrix(*RUN, "-f", found, *options, "--no-wait").code == 0
    (asked,) = gateway.audited
    assert [ref.scorer for ref in asked.allowed_scores] == ["", "class: 7"]
    assert [ref.index for ref in asked.allowed_findings] == [7]


def test_a_folder_of_pictures_in_the_order_of_its_names(gateway, directrix, found, tmp_path):
    for name in ("b.png", "a.JPG", "notes.txt"):
        (tmp_path / name).write_bytes(name.encode())
    done = directrix(*RUN, "-f", found, "--images", tmp_path, "--no-wait", "--json")
    assert done.code == 0 and done.lines[0]["event"] == "accepted"
    assert list(gateway.audited[0].pictures.images) == [b"a.JPG", b"b.png"]


def test_bad_usage(directrix, found, tmp_path):
    assert directrix(*RUN, "-f", found, "--images", tmp_path).code == 2
    assert directrix(*RUN, "-f", found, "--no-wait", "-o", tmp_path).code == 2
    assert directrix(*RUN, "-f", found, "--steps", "1,x").code == 2
    assert directrix(*RUN, "-f", "nobody").code == 4
    assert directrix("audit", "show", "nobody").code == 4


def test_progress_and_result_for_programs(directrix, found):
    lines = directrix(*RUN, "-f", found, "--json").lines
    assert [line["event"] for line in lines][:: len(lines) - 1] == ["accepted", "result"]
    assert (lines[-1]["audit"], lines[-1]["accused_count"]) == (AUDIT, 1)


def test_jobs_know_audits(directrix, found):
    name = directrix(*RUN, "-f", found, "--no-wait").text.strip()
    assert directrix("jobs", "wait", name).text == f"{AUDIT}\n"


def test_audits_are_listed_and_shown(directrix):
    row = directrix("audit", "list").text.splitlines()[1].split()
    assert row == ["a" * 41, "classifier", "fashion", "128", "8", "1"]
    shown = directrix("audit", "show", AUDIT)
    assert "2.00 SD" in shown.text and "yes" in shown.text
    (told,) = directrix("audit", "show", AUDIT, "--json").lines
    assert told["reliance"][0]["accused"] is True


@pytest.mark.parametrize("as_json", [False, True])
def test_documents_are_fetched(directrix, tmp_path, as_json):
    options = ("--json",) if as_json else ()
    done = directrix("audit", "fetch", "a" * 41, "-o", tmp_path / "new", *options)
    assert done.code == 0
    rows = list(csv.DictReader((tmp_path / "new" / "audit.csv").open()))
    assert [row["rank"] for row in rows] == [str(n) for n in range(1, 9)]
    assert bool(done.text) == as_json
