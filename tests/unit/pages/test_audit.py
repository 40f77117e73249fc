"""What is written of an audit made by hand: the report, the table, the command."""

import csv
import io
import re
import shlex
from html import unescape
from html.parser import HTMLParser

import pytest
from typer.testing import CliRunner

from directrix.cli.app import app
from directrix.pages.audit import page, verdict
from directrix.pages.audit_rows import to_csv
from directrix.pages.bars import EDGE, WIDTH, bar, both_ways
from directrix.pages.reproduction import command
from directrix.types import Measured, Span, SpanVerdict
from tests.unit.pages.audit_samples import (
    CLASSES,
    REPRODUCE,
    SET,
    audit,
    model,
    record,
    shown,
    specification,
)

VOID = {"meta", "img", "br", "rect", "path"}


class Balance(HTMLParser):
    """Every element that is opened is closed, in order."""

    def __init__(self):
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag, attributes):
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop() == tag


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"flips": (), "directions": (), "stability": None, "differences": ()},
        {"agreement": None, "reliance": ()},
    ],
)
def test_a_page_is_whole_and_needs_nothing_but_itself(changes):
    made = page(record(**changes), [shown()] if not changes else [])
    balance = Balance()
    balance.feed(made)
    assert balance.open == []
    assert "http" not in made and "<script" not in made
    assert "None" not in made.partition("<h3>The job</h3>")[0]


def test_what_a_page_says():
    made = page(record(), [shown(2)])
    assert made.count("<img") == 2 * 3
    assert "&lt;boot &amp; co&gt;" in made and "<boot" not in made
    assert made.count('class="tag accused"') == 2  # in the table and beside the pictures
    assert "2.00 SD" in made and "0.400" in made
    assert re.search(r"<b>62%</b><br><small>&lt;boot", made)
    assert "&lt;boot &amp; co&gt; +1.50 SD; finding 3 -0.50 SD" in made
    assert unescape(made).count(REPRODUCE) == 1
    for digit in "1245":
        assert digit * 64 in made


def test_verdicts():
    clean = tuple(row.model_copy(update={"accused": False}) for row in audit().reliance)
    silent = tuple(row.model_copy(update={"accused": None}) for row in clean)
    assert verdict(record()) == "It relies on 1 of 8 findings though it should not: <boot & co>."
    assert verdict(record(reliance=clean)).startswith("None of 8 findings is accused")
    outside = Span(verdict=SpanVerdict.OUTSIDE)
    told = verdict(record(reliance=silent, span=outside))
    assert told.startswith("Nobody has said") and told.endswith("that the generator cannot make.")


def test_long_tables_are_cut_and_say_so():
    made = page(record(reliance=audit(60).reliance))
    assert "The first 24 of 60 findings" in made
    assert len(to_csv(record(reliance=audit(60).reliance)).splitlines()) == 61


def test_rows_for_programs():
    rows = list(csv.DictReader(io.StringIO(to_csv(record()))))
    assert len(rows) == 8
    first = rows[0]
    assert (first["finding_set"], first["index"], first["title"]) == (SET, "0", "<boot & co>")
    assert [float(first[f"variation{end}"]) for end in ("", "_low", "_high")] == pytest.approx(
        [0.4, 0.35, 0.45]
    )
    assert (first["accused"], rows[1]["accused"]) == ("True", "False")
    assert [float(first[f"effect: {name}"]) for name in CLASSES] == [0.3, -0.2, -0.1]


def test_a_bar_ends_where_its_figure_lies():
    inner = WIDTH - 2 * EDGE
    drawn = bar(Measured(value=0.5, interval=(0.25, 3.0)), 1.0, mark=0.75)
    assert f'width="{inner / 2}"' in drawn
    assert f"M{EDGE + inner / 4} 8.0H{EDGE + inner:.1f}" in drawn  # the interval ends at the edge
    assert f'd="M{EDGE + 0.75 * inner} 1V' in drawn
    left = both_ways(Measured(value=-0.5, interval=(-0.6, -0.4)), 1.0)
    assert f'class="bar minus" x="{EDGE + inner / 4}"' in left


def test_the_command_is_one_that_the_command_line_takes():
    words = shlex.split(command(specification()))
    assert words[:4] == ["directrix", "audit", "run", "classifier"]
    assert words[words.index("--allow") + 1] == "meter/class: a b"
    assert words[words.index("--steps") + 1] == "1,2,2.75"
    assert "--probability" not in words and "--explanation-budget" not in words
    words += shlex.split(command(specification() | {"target_probability": 0.95, "budget": 300}))[
        -4:
    ]
    assert words[-4:] == ["--probability", "0.95", "--explanation-budget", "300"]
    done = CliRunner().invoke(app, ["--endpoint", "127.0.0.1:1", *words[1:]])
    assert done.exit_code == 3  # nobody answers there: every option was understood


def test_the_command_of_an_audit_of_pictures():
    pictures = {
        "images": "9" * 64, "count": 3, "space": "w+", "steps": 0,
        "encoder": model("eye", "7"), "embedder": None,
    }  # fmt: skip
    given = specification() | {"samples": 0, "pictures": pictures, "reference": None}
    given["generator"] = {"name": "projects/other/models/fashion", "digest": "1" * 64}
    words = shlex.split(command(given))
    assert words[1:3] == ["--project", "other"]
    at = words.index("--pictures")
    assert words[at : at + 7] == [
        *("--pictures", "9" * 64, "--space", "w+", "--encoder", "eye", "--encoder-only"),
    ]
    assert "--samples" not in words and "--reference" not in words
