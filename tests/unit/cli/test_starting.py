"""What all commands share that start a job."""

import pytest

from directrix.v1 import jobs_pb2

DISCOVER = ("discover", "run", "sefa", "-g", "fashion")
COMMANDS = {
    "discover": DISCOVER,
    "audit": ("audit", "run", "classifier", "-g", "fashion", "-f"),
    "train": ("models", "train-encoder", "fashion", "--id", "encoder"),
}


@pytest.fixture(params=COMMANDS)
def start(request, directrix, gateway, found):
    """Runs one of them with more options."""
    words = COMMANDS[request.param]
    gateway.metadata.clear()
    return lambda *options: directrix(*words, *([found] if words[-1] == "-f" else []), *options)


def test_budget_and_priority_reach_the_service(start, gateway):
    limits = ("--budget", "seconds=3600", "--budget", "images=1e5", "--priority", "high")
    assert start("--no-wait", *limits).code == 0
    (told,) = gateway.metadata.values()
    assert told.priority == jobs_pb2.JOB_PRIORITY_HIGH
    assert told.budget == jobs_pb2.JobBudget(seconds=3600, images=100_000)


def test_without_them_nothing_is_limited(start, gateway):
    assert start("--no-wait").code == 0
    (told,) = gateway.metadata.values()
    assert told.priority == jobs_pb2.JOB_PRIORITY_NORMAL
    assert told.budget == jobs_pb2.JobBudget()


def test_an_estimate_starts_nothing(start, gateway):
    assert start("--estimate").err == "nothing is known yet: no job like it has succeeded\n"
    assert start("--estimate", "--json").lines == [{"event": "estimate", "estimate": None}]
    assert not gateway.metadata
    start("--no-wait")
    told = start("--estimate", "--json").lines[0]["estimate"]
    assert (told["seconds"], told["memory_mb"], told["seconds_error"]) == (60, 512, None)
    assert "seconds_high   70" in start("--estimate").text
    assert len(gateway.metadata) == 1


@pytest.mark.parametrize("wrong", [("--budget", "1500"), ("--priority", "highest")], ids=" ".join)
def test_limits_that_are_none_start_nothing(start, gateway, wrong):
    assert start(*wrong).code == 2
    assert not gateway.metadata


def test_the_same_request_never_starts_twice(directrix, gateway):
    again = ("--no-wait", "--request-id", "5b1f2a4e-0000-4000-8000-000000000001")
    assert directrix(*DISCOVER, *again).text == directrix(*DISCOVER, *again).text
    assert len(gateway.metadata) == 1
