import json
import os
import signal
import subprocess
import sys
import time

import pytest


def test_invalid_input_is_2(directrix, found):
    done = directrix("edit", "fashion", "--move", f"{found}:99:1", "-o", "-")
    assert done.code == 2 and done.out == b""
    assert "error: there are fewer findings" in done.err


@pytest.mark.parametrize(
    "arguments",
    [
        ("edit", "fashion"),
        ("edit", "-o", "-"),
        ("edit", "fashion", "-o", "-", "--json"),
        ("edit", "fashion", "-o", "-", "--move", "nonsense"),
        ("edit", "fashion", "-o", "-", "--move", "f1:0:fast"),
        ("edit", "fashion", "-o", "-", "--truncation", "3"),
        ("edit", "--recipe", "/nowhere.png", "-o", "-"),
        ("strip", "fashion", "f1", "-o", "-"),
        ("strip", "fashion", "f1:0", "--alphas", "a,b", "-o", "-"),
        ("explain", "fashion"),
        ("discover", "run", "sefa"),
        ("discover", "run", "sefa", "-g", "fashion", "-P", "count"),
        ("nonsense",),
    ],
)
def test_bad_usage_is_2(directrix, arguments):
    done = directrix(*arguments)
    assert done.code == 2 and done.out == b"" and done.err


@pytest.mark.parametrize(
    "arguments",
    [
        ("models", "show", "nothing"),
        ("findings", "show", "nothing"),
        ("jobs", "show", "nothing"),
        ("edit", "nothing", "-o", "-"),
        ("discover", "run", "nonsense", "-g", "fashion"),
    ],
)
def test_not_found_is_4(directrix, arguments):
    assert directrix(*arguments).code == 4


def test_unavailable_is_3(directrix):
    done = directrix("--endpoint", "127.0.0.1:1", "models", "list")
    assert done.code == 3 and done.err.startswith("error: ")
    assert "'make up' starts a gateway" in done.err and "--endpoint" in done.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("models", "show", "nothing"), "directrix models list"),
        (("findings", "show", "nothing"), "directrix findings list"),
        (("jobs", "show", "nothing"), "directrix jobs list"),
        (("discover", "run", "nonsense", "-g", "fashion"), "directrix discover methods"),
    ],
)
def test_an_error_says_what_to_do_next(directrix, arguments, words):
    assert words in directrix(*arguments).err.splitlines()[1]


def test_overloaded_is_3(directrix, gateway):
    gateway.failures = [8]
    assert directrix("models", "list").code == 3


def test_errors_as_json(directrix):
    done = directrix("models", "show", "nothing", "--json")
    facts = json.loads(done.err)["error"]
    assert (facts["code"], facts["reason"]) == ("NOT_FOUND", "MODEL_NOT_FOUND")
    assert facts["request_id"] == "req-1"
    assert facts["metadata"] == {"name": "projects/default/models/nothing"}


def _hear_interrupts() -> None:
    """A shell that runs the tests in the background has told its children to ignore them."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_ctrl_c_leaves_the_job_running_and_says_how_to_attach_again(target, gateway):
    command = [sys.executable, "-m", "directrix.cli", "--endpoint", target]
    child = subprocess.Popen(
        [*command, "discover", "run", "endless", "-g", "fashion"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": "."},
        preexec_fn=_hear_interrupts,
    )
    end = time.monotonic() + 30
    while "WaitOperation" not in gateway.calls and time.monotonic() < end:
        time.sleep(0.05)
    child.send_signal(signal.SIGINT)
    out, err = child.communicate(timeout=30)
    (name,) = gateway.operations
    assert child.returncode == 130 and out == ""
    assert f"directrix jobs wait {name}" in err and "Traceback" not in err
    assert not gateway.operations[name].done
