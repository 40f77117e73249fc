from datetime import UTC, datetime
from itertools import product

import pytest
from pydantic import ValidationError

from directrix.errors import ModelExists, MoveIllegal
from services.jobs import MOVES, DiscoverySpec, Job, JobError, ModelRef, State, move

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SPEC = DiscoverySpec(generator=ModelRef(name="projects/p/models/g", digest="a" * 64), method="sefa")
JOB = Job(id="d1", project="p", spec=SPEC, create_time=NOW, update_time=NOW)
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
    assert Job.model_validate_json(JOB.model_dump_json()) == JOB
    assert JOB.name == "projects/p/operations/d1"
    with pytest.raises(ValidationError):
        Job.model_validate({**JOB.model_dump(), "more": 1})


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
