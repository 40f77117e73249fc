import uuid

import pytest

from directrix.client import NotFound, OperationCancelled, OperationFailed
from tests.unit.client.fake_gateway import UNITS


def test_progress_then_result(client):
    handle = client.discover("fashion", "sefa", ["classifier"], {"count": 5}, seed=3)
    assert handle.name.startswith("projects/default/operations/")
    first = handle.progress()
    assert (first.state, first.stage, first.done, first.total) == ("running", "fit", 1, UNITS)
    assert first.generator == "projects/default/models/fashion"
    result = handle.result(timeout=30)
    assert result.finding_count == 10 and result.scored
    assert handle.done() and handle.progress().state == "succeeded"


def test_watching_ends_with_the_finished_job(client):
    jobs = list(client.discover("fashion", "sefa").watch(interval=0.01))
    assert [j.done for j in jobs] == [False] * (len(jobs) - 1) + [True]
    assert jobs[-1].result.finding_set.startswith("projects/default/findingSets/f")


def test_attach_by_name(client):
    handle = client.discover("fashion", "sefa")
    short = handle.name.rsplit("/", 1)[-1]
    assert client.operation(short).result(30) == client.operation(handle.name).result(30)
    assert [job.name for job in client.jobs()] == [handle.name]


def test_the_same_request_id_is_the_same_operation(client):
    request_id = str(uuid.uuid4())
    names = {client.discover("fashion", "sefa", request_id=request_id).name for _ in range(3)}
    assert len(names) == 1
    assert client.discover("fashion", "sefa").name not in names


def test_a_failed_job_raises_what_it_ended_in(client):
    handle = client.discover("fashion", "broken")
    with pytest.raises(OperationFailed, match="needs a predictor") as caught:
        handle.result(timeout=30)
    error = caught.value
    assert (error.reason, error.code.name) == ("NEEDS_UNMET", "FAILED_PRECONDITION")
    assert error.operation == handle.name
    assert handle.job().error.reason == "NEEDS_UNMET"


def test_a_cancelled_job(client):
    handle = client.discover("fashion", "endless")
    assert not handle.done()
    handle.cancel()
    with pytest.raises(OperationCancelled):
        handle.result(timeout=30)
    assert handle.progress().state == "cancelled"


def test_a_job_that_still_runs_after_the_timeout(client):
    handle = client.discover("fashion", "endless")
    with pytest.raises(TimeoutError, match=r"still runs after 0\.2 s"):
        handle.result(timeout=0.2)


def test_an_unknown_operation(client):
    with pytest.raises(NotFound) as caught:
        client.operation("nothing").progress()
    assert caught.value.reason == "OPERATION_NOT_FOUND"
