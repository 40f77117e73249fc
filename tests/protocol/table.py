"""The tables of the protocol's model: the real transitions, called for every small record."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime

from directrix.errors import InvalidField, LeaseLost, MoveIllegal, ServingUnavailable
from services.jobs import MOVES, DiscoverySpec, Job, JobResult, ModelRef, State
from services.jobs import transitions as after

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SPEC = DiscoverySpec(generator=ModelRef(name="projects/p/models/g", digest="0"), method="sefa")
RESULT = JobResult(finding_set="projects/p/findingSets/f", digest="1", count=1, scored=False)
STATES = tuple(State)
"""In the order of `State`: the ended ones come last, as the model's `ended` takes it."""
ATTEMPTS, RETRIES = 2, 1
"""Crashes and passing errors in a row, kept small."""


def table(workers: int, created: int, units: int, faults: int) -> str:
    """Everything that jobs.pml includes: its sizes and its tables."""
    sizes = {
        "WORKERS": workers,
        "JOBS": 2,
        "CREATED": created,
        "UNITS": units,
        "FAULTS": faults,
        "FIRST_WORKER": 1,
        "STATES": len(STATES),
        "NOTHING": len(STATES),
        "STALLS": ATTEMPTS + 1,
        "RETRIES": RETRIES + 1,
    }
    names = {state.name: place for place, state in enumerate(STATES)}
    lines = [f"#define {name} {value}" for name, value in (sizes | names).items()]
    lines += [f"hidden byte {name}[{len(row)}] = {{{joined(row)}}};" for name, row in rows()]
    return "\n".join([*lines, turns(workers), ""])


def rows() -> Iterable[tuple[str, list[int]]]:
    yield "LEGAL", [int(to in MOVES[of] or to is of) for of in STATES for to in STATES]
    taken = [
        outcome(lambda job: after.take_up(job, job.fence, "t", ATTEMPTS), state, owner, stalls)
        for state in STATES
        for owner in ("", "other")
        for stalls in range(ATTEMPTS + 1)
    ]
    yield "TAKE_UP", [place(job) for job in taken]
    yield "STALLED", [0 if job is None else job.stalls for job in taken]
    for name, event in EVENTS.items():
        yield name, [place(outcome(event, state)) for state in STATES]
    passing = ServingUnavailable("gone for now")
    retried = [
        outcome(lambda job: after.fail(job, passing, NOW, RETRIES), state, retries=retries)
        for state in STATES
        for retries in range(RETRIES + 1)
    ]
    yield "FAIL_PASSING", [place(job) for job in retried]
    yield "RETRIED", [0 if job is None else job.retries for job in retried]


EVENTS: dict[str, Callable[[Job], Job]] = {
    "LEAVE_UNDONE": lambda job: after.leave(job, None),
    "LEAVE_DONE": lambda job: after.leave(job, RESULT),
    "CANCEL": after.cancel,
    "FAIL_FOR_GOOD": lambda job: after.fail(job, InvalidField("no", field="x"), NOW),
    "REQUEST_CANCEL": after.request_cancel,
}


def outcome(
    event: Callable[[Job], Job], state: State, owner: str = "", stalls: int = 0, retries: int = 0
) -> Job | None:
    """The record after the event, None where the event is refused."""
    job = Job(
        id="j",
        project="p",
        spec=SPEC,
        state=state,
        owner=owner,
        stalls=stalls,
        retries=retries,
        create_time=NOW,
        update_time=NOW,
    )
    try:
        return event(job)
    except (LeaseLost, MoveIllegal):
        return None


def place(job: Job | None) -> int:
    """A refusal is QUEUED: no record becomes that again, so a model that writes it fails."""
    return 0 if job is None else STATES.index(job.state)


def turns(workers: int) -> str:
    return f"#define FIRST(of) ({' && '.join(f'of({worker + 1})' for worker in range(workers))})"


def joined(row: Iterable[int]) -> str:
    return ", ".join(map(str, row))
