"""Job: the record of long work, its states, and the one table of legal moves."""

from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from directrix.errors import DirectrixError, MoveIllegal, RecordUnreadable
from services.jobs.budgets import FAILURES, Budget, Failure, Priority, Spent
from services.jobs.specs import Spec


class State(StrEnum):
    QUEUED = "queued"
    """Accepted, not started."""
    RUNNING = "running"
    """A worker is at it, or will be again."""
    WAITING_RETRY = "waiting_retry"
    """Until `retry_time`, after an error that may pass."""
    CANCELLING = "cancelling"
    """Cancellation was asked for while it ran."""
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def ended(self) -> bool:
        return not MOVES[self]


MOVES: dict[State, frozenset[State]] = {
    State.QUEUED: frozenset({State.RUNNING, State.CANCELLED, State.FAILED}),
    # RUNNING -> RUNNING: another worker takes over
    State.RUNNING: frozenset(
        {State.RUNNING, State.WAITING_RETRY, State.CANCELLING, State.SUCCEEDED, State.FAILED}
    ),
    State.WAITING_RETRY: frozenset({State.RUNNING, State.CANCELLED, State.FAILED}),
    # CANCELLING -> SUCCEEDED: the commit was faster
    State.CANCELLING: frozenset({State.CANCELLED, State.SUCCEEDED, State.FAILED}),
    State.SUCCEEDED: frozenset(),
    State.FAILED: frozenset(),
    State.CANCELLED: frozenset(),
}


class Stage(StrEnum):
    """What is being done, in this order; each kind of job has some of them."""

    NONE = ""
    POPULATION = "population"
    FIT = "fit"
    SCORECARD = "scorecard"
    INVERSION = "inversion"
    AUDIT = "audit"
    REPORT = "report"
    COMMIT = "commit"


FORMAT = 1
"""Of records. A release that gives a job what an older worker must not do without knowing (a state,
a stage, a field of its specification or budget) writes a higher one into that job's record; fields
that one may keep and pass over need none."""


class _Value(BaseModel):
    """Fields that a newer release has added are kept as they are."""

    model_config = ConfigDict(frozen=True, extra="allow")


class JobError(_Value):
    """How a job failed, in the words of `directrix.errors`; never a trace."""

    kind: str
    reason: str
    message: str
    metadata: dict[str, str] = {}

    @classmethod
    def of(cls, error: DirectrixError) -> "JobError":
        metadata = {name: str(value) for name, value in error.metadata.items()}
        return cls(kind=error.kind, reason=error.reason, message=error.message, metadata=metadata)


class JobResult(_Value):
    """finding_set: resource name; scored: whether a scorecard was made."""

    finding_set: str
    digest: str
    count: int
    scored: bool


class EncoderResult(_Value):
    """model: resource name."""

    model: str
    digest: str


class AuditResult(_Value):
    """audit: resource name; accused: None where nobody has said what it may rely on."""

    audit: str
    digest: str
    count: int
    accused: int | None


Result = JobResult | EncoderResult | AuditResult


class Progress(_Value):
    """Units of work done in a stage; total 0 where unknown. finding_set: resource name of what a
    discovery has fitted, empty before; written only where there is one."""

    stage: Stage = Stage.NONE
    done: int = 0
    total: int = 0
    note: str = ""
    finding_set: str = Field(default="", exclude_if=lambda name: not name)


class Job(_Value):
    """The durable record. Live progress is finer: `signals.py`.

    fence: rises whenever a worker takes the job up; only its holder writes. attempt: rises when
    a worker starts it, or takes it up after a crash or an error. owner: the lease's token while a
    worker holds the job, else empty. stalls and retries: attempts that ended in a crash, and in an
    error that may pass, since something was last achieved. origin: ids of the call that started it
    (`services.sight.ids`). failures: the last few of both, and of what ended it. format: at most
    FORMAT where this release may work on it.
    """

    id: str
    project: str
    spec: Spec
    request_id: str = ""
    fingerprint: str = ""
    origin: dict[str, str] = {}
    state: State = State.QUEUED
    progress: Progress = Progress()
    attempt: int = 0
    stalls: int = 0
    retries: int = 0
    fence: int = 0
    owner: str = ""
    cancel_requested: bool = False
    retry_time: datetime | None = None
    create_time: datetime
    update_time: datetime
    error: JobError | None = None
    result: Result | None = None
    priority: Priority = Priority.NORMAL
    budget: Budget = Budget()
    spent: Spent = Spent()
    failures: tuple[Failure, ...] = ()
    format: int = 1

    @classmethod
    def read(cls, record: bytes) -> "Job":
        """What `record` wrote, in this release or another. Raises RecordUnreadable."""
        try:
            job = cls.model_validate_json(record)
        except ValidationError as error:
            raise RecordUnreadable("the operation was written by another release") from error
        if job.format > FORMAT:
            raise RecordUnreadable(
                f"operation {job.name} was written by a newer release", name=job.name
            )
        return job

    @property
    def name(self) -> str:
        """The resource name, "projects/{p}/operations/{o}"."""
        return f"projects/{self.project}/operations/{self.id}"

    def record(self) -> bytes:
        """JSON. What a release before this one does not know is left out where it says nothing."""
        unsaid = {name for name in _ADDED if getattr(self, name) == _ADDED[name]}
        return self.model_dump_json(exclude=unsaid).encode()

    def remembering(self, time: datetime, reason: str, message: str) -> "Job":
        """With one more failure of the attempt that it is at."""
        failure = Failure(time=time, attempt=self.attempt, reason=reason, message=message)
        return self.model_copy(update={"failures": (*self.failures, failure)[-FAILURES:]})


_ADDED = {
    "priority": Priority.NORMAL,
    "budget": Budget(),
    "spent": Spent(),
    "failures": (),
    "origin": {},
    "format": 1,
}


def move(job: Job, state: State, **changes: object) -> Job:
    """The job in another state, with other fields changed too. Raises MoveIllegal."""
    if state not in MOVES[job.state]:
        raise MoveIllegal(
            f"operation {job.name} is {job.state} and cannot become {state}",
            name=job.name,
            state=job.state,
        )
    return job.model_copy(update={"state": state, **changes})
