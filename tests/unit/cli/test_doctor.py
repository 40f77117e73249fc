"""`directrix doctor` where things are not as they should be; where they are: tests/e2e."""

import json

from typer.testing import CliRunner

from directrix.cli.app import app
from directrix.cli.checks import State, checked


def by_name(document):
    return {check["name"]: check for check in document["checks"]}


def test_nobody_there_is_its_own_exit_code():
    done = CliRunner().invoke(app, ["--endpoint", "127.0.0.1:1", "--timeout", "2", "doctor"])
    assert done.exit_code == 3
    assert "fail" in done.stdout


def test_what_does_not_answer_is_named_and_the_rest_is_looked_at(directrix, gateway):
    done = directrix("doctor", "--json")
    assert done.code == 1
    (document,) = done.lines
    assert document["healthy"] is False
    found = by_name(document)
    assert found["health of directrix.v1.EditingService"]["state"] == "fail"
    assert found["identity and project"]["says"] == "models: generator 1, predictor 1"
    assert found["version"]["state"] == found["clock"]["state"] == "warn"
    assert "ListModels" in gateway.calls


def test_a_look_is_timed_and_its_failure_is_a_finding():
    def broken():
        raise ValueError("it is broken")

    looks = [("a", lambda: (State.OK, "fine", "")), ("b", broken)]
    a, b = checked(looks, (ValueError,), lambda error: "mend it")
    assert (a.state, a.says, b.state, b.says, b.way_out) == (
        State.OK, "fine", State.FAIL, "it is broken", "mend it",
    )  # fmt: skip
    assert json.dumps(a.ms)
