import contextlib
import os
import pty
import re
import subprocess
import sys

ESCAPE = "\x1b"


def test_prints_the_finding_set_alone_on_standard_output(directrix):
    done = directrix("discover", "run", "sefa", "-g", "fashion", "-p", "classifier")
    assert done.code == 0
    assert re.fullmatch(r"projects/default/findingSets/f[0-9a-f]{40}\n", done.text)
    assert "10 findings: directrix findings scorecard" in done.err


def test_without_a_terminal_there_is_no_animation(directrix):
    done = directrix("discover", "run", "sefa", "-g", "fashion")
    assert ESCAPE not in done.text + done.err
    assert "running fit 1/3" in done.err


def test_json_is_a_stream_of_events(directrix):
    done = directrix("discover", "run", "sefa", "-g", "fashion", "--json")
    events = done.lines
    assert events[0]["event"] == "accepted"
    assert events[-1]["event"] == "result" and events[-1]["finding_count"] == 10
    assert {e["event"] for e in events[1:-1]} == {"progress"}
    assert all(e["units_total"] == 3 for e in events[1:-1])
    assert done.err == ""


def test_what_is_found_is_told_once_while_the_job_goes_on(directrix):
    done = directrix("discover", "run", "sefa", "-g", "fashion")
    told = [line for line in done.err.splitlines() if "found already" in line]
    assert told == [f"found already: directrix findings show {done.text.strip()}"]
    events = directrix("discover", "run", "sefa", "-g", "fashion", "--json").lines
    assert {e["finding_set"] for e in events if e.get("stage")} == {done.text.strip()}


def test_no_wait_prints_the_operation(directrix):
    done = directrix("discover", "run", "sefa", "-g", "fashion", "--no-wait")
    name = done.text.strip()
    assert name.startswith("projects/default/operations/")
    waited = directrix("jobs", "wait", name)
    assert waited.code == 0 and waited.text.startswith("projects/default/findingSets/f")


def test_parameters_reach_the_service(directrix, gateway):
    parameters = ("-P", "count=5", "-P", "learner=svm", "-P", "layers=[0,1]")
    directrix("discover", "run", "sefa", "-g", "fashion", "--no-wait", *parameters)
    (metadata,) = gateway.metadata.values()
    assert dict(metadata.parameters)["count"] == 5
    assert dict(metadata.parameters)["learner"] == "svm"
    assert list(dict(metadata.parameters)["layers"]) == [0, 1]


def test_a_failed_operation_exits_with_1(directrix):
    done = directrix("discover", "run", "broken", "-g", "fashion")
    assert done.code == 1 and done.text == ""
    assert "error: it needs a predictor" in done.err and "NEEDS_UNMET" in done.err


def test_methods(directrix):
    done = directrix("discover", "methods")
    assert "sefa" in done.text and "count=10" in done.text
    as_json = directrix("discover", "methods", "--json").lines[0]
    assert [m["name"] for m in as_json] == ["interfacegan", "intervention", "sefa"]


def test_on_a_terminal_bars_are_drawn_and_data_stays_clean(target):
    """Standard error is a pseudo-terminal, standard output a pipe."""
    ours, theirs = pty.openpty()
    child = subprocess.Popen(
        [sys.executable, "-m", "directrix.cli", "--endpoint", target, "discover", "run", "sefa",
         "-g", "fashion"],
        stdout=subprocess.PIPE, stderr=theirs, text=True,
        env={**os.environ, "PYTHONPATH": ".", "TERM": "xterm", "COLUMNS": "100"},
    )  # fmt: skip
    os.close(theirs)
    drawn = b""
    with contextlib.suppress(OSError):  # the end of a pseudo-terminal
        while piece := os.read(ours, 65536):
            drawn += piece
    os.close(ours)
    out, _ = child.communicate(timeout=60)
    assert child.returncode == 0
    assert re.fullmatch(r"projects/default/findingSets/f[0-9a-f]{40}\n", out)
    words = drawn.decode()
    assert ESCAPE in words and "━" in words
    assert re.search(r"\d/3", words) and "fit" in words
