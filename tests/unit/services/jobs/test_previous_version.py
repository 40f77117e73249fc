"""Records as the version before wrote them, which workers of this one take up, and as a version to
come may write them, which are kept or left alone.

The texts are frozen: whoever adds a field to a record gives it a default, and adds a text here when
a version is released.
"""

import json
from datetime import UTC, datetime, timedelta

import pytest

from directrix.errors import OperationUnfinished, RecordUnreadable
from services.admin.erasure import erase
from services.artifacts import keys
from services.artifacts.memory import MemoryStore
from services.jobs.durable import DurableJobStore
from services.jobs.job import FORMAT, Job, State, move
from services.jobs.leases import MemoryLeases
from services.jobs.specs import AuditSpec, DiscoverySpec, EncoderSpec
from services.jobs.transitions import request_cancel, take_up
from services.worker.janitor import Janitor

HEAD = (
    '"id":"o1","project":"default","request_id":"5b1f2a4e-0000-4000-8000-000000000001",'
    '"fingerprint":"f","progress":{"stage":"fit","done":3,"total":8,"note":""},"attempt":1,'
    '"stalls":0,"retries":0,"fence":4,"owner":"","cancel_requested":false,"retry_time":null,'
    '"create_time":"2026-11-01T10:00:00Z","update_time":"2026-11-01T10:01:00Z"'
)
MODEL = '{"name":"projects/default/models/%s","digest":"%s"}'
GENERATOR, CLASSIFIER = MODEL % ("g", "d1"), MODEL % ("c", "d2")
SPECS = {
    "discovery": (
        f'{{"generator":{GENERATOR},"predictors":[{CLASSIFIER}],"method":"sefa",'
        '"parameters":{"components":4},"seed":7,"samples":4096,"judges":[]}',
        DiscoverySpec,
    ),
    "encoder": (
        f'{{"generator":{GENERATOR},"embedder":null,"space":"w","steps":2000,"seed":0,"model":"e"}}',
        EncoderSpec,
    ),
    "audit": (
        f'{{"generator":{GENERATOR},"classifier":{CLASSIFIER},"finding_sets":[{{"name":"s",'
        '"digest":"d3"}],"reference":null,"rival":null,"allowed_scores":[],"allowed_findings":[],'
        '"groups":[],"seed":0,"samples":1024,"pictures":null,"steps":[-1.0,1.0],'
        '"random_findings":8,"explained":4,"noise_sd":0.1,"pairs":16}',
        AuditSpec,
    ),
}
DIGEST = "ed5c478c9635566370957f6b5b5e1faecce9518dab78cf46c13e2bfde25696c7"
RESULT = '{"finding_set":"projects/default/findingSets/f1","digest":"d4","count":4,"scored":true}'


def record(spec: str, state: str, result: str = "null") -> str:
    return f'{{{HEAD},"spec":{spec},"state":"{state}","error":null,"result":{result}}}'


@pytest.mark.parametrize("name", SPECS)
def test_a_job_that_runs_is_taken_up(name: str) -> None:
    text, kind = SPECS[name]
    job = Job.model_validate_json(record(text, "running"))
    assert type(job.spec) is kind
    assert (job.fence, job.progress.done, job.request_id[:8]) == (4, 3, "5b1f2a4e")
    again = move(job, State.WAITING_RETRY, fence=5)
    assert Job.model_validate_json(again.model_dump_json()) == again


def test_a_job_that_has_ended_keeps_its_result() -> None:
    job = Job.model_validate_json(record(SPECS["discovery"][0], "succeeded", RESULT))
    assert job.result is not None and job.result.digest == "d4"


def test_a_specification_keeps_its_digest() -> None:
    """Checkpoints and populations of a job are found by it."""
    spec = DiscoverySpec.model_validate_json(SPECS["discovery"][0])
    assert spec.digest == DIGEST


NOW = datetime(2026, 11, 2, tzinfo=UTC)
NAME = "projects/default/operations/o1"
NEWS = {"from": "a newer release", "numbers": [1, 2.5]}
FAILURE = {"time": "2026-11-01T10:00:00Z", "attempt": 1, "reason": "WORKER_LOST", "message": "gone"}
BREAKING = {
    "format": {"format": FORMAT + 1},
    "state": {"state": "paused"},
    "stage": {"progress": {"stage": "rehearsal"}},
    "kind": {"spec": {"sculpture": "s"}},
    "specification": {"spec": json.loads(SPECS["discovery"][0]) | {"more": 1}},
    "limit": {"budget": {"kelvins": 3}},
}


class House:
    """One job of a newer release, as this release finds it: `changes` to a record of ours."""

    def __init__(self, changes: dict[str, object]) -> None:
        self.store = MemoryStore()
        self.jobs = DurableJobStore(self.store, clock=lambda: NOW)
        record_ = json.loads(record(SPECS["discovery"][0], "running")) | changes
        self.store.put(keys.active("default", "o1"), b"")
        self.store.put(keys.record("default", "o1", 1), json.dumps(record_).encode())

    def written(self) -> dict:
        """The newest version of the record."""
        newest = max(self.store.keys(keys.records("default", "o1")))
        return json.loads(self.store.get(newest))


def test_what_a_newer_release_has_added_is_kept_through_our_writes() -> None:
    added = {
        "news": NEWS,
        "spent": {"seconds": 2.0, "images": 3, "memory_mb": 4, "news": NEWS},
        "failures": [{**FAILURE, "news": NEWS}],
    }
    house = House(added)
    house.jobs.update(NAME, lambda job: take_up(job, fence=4, token="t", now=NOW))
    house.jobs.update(NAME, lambda job: job.remembering(NOW, "WORKER_LOST", "again"))
    house.jobs.update(NAME, request_cancel)
    found = house.written()
    assert found["state"] == "cancelling" and found["fence"] == 5 and len(found["failures"]) == 2
    assert found["news"] == NEWS
    assert found["spent"] == added["spent"]
    assert found["failures"][0] == added["failures"][0]
    assert "format" not in found


@pytest.mark.parametrize("change", BREAKING)
def test_what_we_must_not_work_on_is_left_to_the_release_that_knows_it(change: str) -> None:
    house = House(BREAKING[change])
    before = house.written()
    ours = house.jobs.create("default", DiscoverySpec.model_validate_json(SPECS["discovery"][0]))
    for attempt in (
        lambda: house.jobs.get(NAME),
        lambda: house.jobs.update(NAME, request_cancel),
        lambda: house.jobs.tidy(NAME),
        lambda: house.jobs.jobs("default"),
    ):
        with pytest.raises(RecordUnreadable):
            attempt()
    assert [job.name for job in house.jobs.active()] == [ours.name]
    assert house.jobs.outstanding("default") == 2
    assert house.written() == before


def test_nothing_of_such_a_job_is_taken_away() -> None:
    house = House({"format": FORMAT + 1})
    checkpoint = keys.CHECKPOINTS + "default/o1/state"
    house.store.put(checkpoint, b"half way")
    later = NOW + timedelta(days=400)
    rubbish = Janitor(house.store, house.jobs, MemoryLeases(60), clock=lambda: later).clean()
    assert (rubbish.jobs, rubbish.checkpoints) == ([], [])
    assert house.store.exists(checkpoint)
    with pytest.raises(OperationUnfinished, match="1 operations"):
        erase(house.store, house.jobs, "default", trail=False, patience=0.0)
    assert house.store.exists(keys.record("default", "o1", 1))
