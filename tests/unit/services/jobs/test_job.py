import json
from datetime import UTC, datetime
from itertools import product
from pathlib import Path

import pytest
from pydantic import ValidationError

from directrix.errors import BudgetExceeded, ModelExists, MoveIllegal, ServingUnavailable
from services.jobs import (
    MOVES,
    Budget,
    DiscoverySpec,
    Job,
    JobError,
    ModelRef,
    Priority,
    Progress,
    Spent,
    Stage,
    State,
    move,
    transitions,
)
from services.jobs.budgets import FAILURES

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SPEC = DiscoverySpec(generator=ModelRef(name="projects/p/models/g", digest="a" * 64), method="sefa")
JOB = Job(id="d1", project="p", spec=SPEC, create_time=NOW, update_time=NOW)
EVENTS = {
    "taken up": lambda job: transitions.take_up(job, job.fence, "t"),
    "handed over": lambda job: transitions.leave(job, None),
    "tried again": lambda job: transitions.fail(job, ServingUnavailable("gone for now"), NOW),
    "failed": lambda job: transitions.fail(job, ModelExists("taken"), NOW),
    "cancelled": transitions.cancel,
    "to be cancelled": transitions.request_cancel,
}
ENDS = {State.SUCCEEDED, State.FAILED, State.CANCELLED}


@pytest.mark.parametrize(("before", "after"), list(product(State, State)))
def test_moves_follow_the_table(before: State, after: State) -> None:
    job = JOB.model_copy(update={"state": before})
    if after in MOVES[before]:
        assert move(job, after).state is after
    else:
        with pytest.raises(MoveIllegal) as caught:
            move(job, after)
        assert caught.value.metadata == {"name": job.name, "state": before}


def test_ended_jobs_never_move_and_all_others_can_end() -> None:
    assert {state for state in State if state.ended} == ENDS
    reach = {state: set(MOVES[state]) for state in State}
    for _ in State:
        reach = {s: r | {t for each in r for t in reach[each]} for s, r in reach.items()}
    assert all(reach[state] >= ENDS for state in State if not state.ended)


def test_a_job_is_its_json() -> None:
    assert Job.model_validate_json(JOB.record()) == JOB
    assert JOB.name == "projects/p/operations/d1"
    failed = JOB.remembering(NOW, "WORKER_LOST", "gone")
    assert Job.model_validate_json(failed.record()) == failed


def test_what_a_newer_release_says_is_kept() -> None:
    known = {**JOB.model_dump(mode="json"), "more": {"than": "we know"}}
    read = Job.model_validate(known)
    again = json.loads(move(read, State.RUNNING).record())
    assert again["more"] == {"than": "we know"}
    with pytest.raises(ValidationError):
        Job.model_validate({**known, "spec": {**known["spec"], "more": 1}})


def test_a_record_of_the_release_before_is_read_and_ours_by_it() -> None:
    """The fixture was written by the code before budgets and failures were added."""
    before = Path(__file__).with_name("record-before-budgets.json").read_text()
    job = Job.model_validate_json(before)
    assert (job.state, job.fence, job.priority, job.budget) == (
        State.WAITING_RETRY, 3, Priority.NORMAL, Budget(),
    )  # fmt: skip
    assert set(json.loads(job.record())) == set(json.loads(before))


@pytest.mark.parametrize("name", EVENTS)
def test_what_is_fitted_stays_named_whatever_happens(name: str) -> None:
    """And is not written down before: a release before this one reads the record."""
    assert "finding_set" not in json.loads(JOB.record())["progress"]
    progress = Progress(stage=Stage.SCORECARD, finding_set="projects/p/findingSets/f")
    job = JOB.model_copy(update={"state": State.RUNNING, "progress": progress})
    read = Job.read(EVENTS[name](job).record())
    assert read.progress.finding_set == "projects/p/findingSets/f"


def test_only_the_last_failures_are_remembered() -> None:
    job = JOB
    for number in range(FAILURES + 3):
        job = job.remembering(NOW, "STORE_UNAVAILABLE", str(number))
    assert [failure.message for failure in job.failures] == [str(n) for n in range(3, FAILURES + 3)]


@pytest.mark.parametrize(
    ("budget", "spent", "name"),
    [
        (Budget(seconds=2.0), Spent(seconds=2.1), "seconds"),
        (Budget(images=100), Spent(images=101), "images"),
        (Budget(memory_mb=512), Spent(memory_mb=513), "memory_mb"),
    ],
)
def test_a_budget_that_is_spent_is_told_of(budget: Budget, spent: Spent, name: str) -> None:
    with pytest.raises(BudgetExceeded) as caught:
        budget.check(spent)
    assert caught.value.metadata["budget"] == name
    Budget().check(spent)
    budget.check(Spent(seconds=2.0, images=100, memory_mb=512))


def test_the_digest_of_a_spec_covers_what_decides_the_result() -> None:
    renamed = SPEC.generator.model_copy(update={"name": "projects/p/models/other"})
    assert SPEC.model_copy(update={"generator": renamed}).digest == SPEC.digest
    changes = {"method": "m", "parameters": {"a": 1}, "seed": 1, "samples": 1}
    digests = {SPEC.model_copy(update={name: value}).digest for name, value in changes.items()}
    assert len(digests | {SPEC.digest}) == 5


def test_errors_are_kept_in_neutral_words() -> None:
    error = JobError.of(ModelExists("taken", model="m"))
    assert error.model_dump() == {
        "kind": "conflict",
        "reason": "MODEL_EXISTS",
        "message": "taken",
        "metadata": {"model": "m"},
    }
