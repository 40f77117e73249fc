"""Transitions: how each event changes a job's record. Pure; the protocol's model is made of them.

`tests/protocol` explores every interleaving of these with crashes, lost leases and duplicate
messages, so a change here is a change of what is proven.
"""

from datetime import datetime, timedelta

from directrix.errors import DirectrixError, Kind, LeaseLost, WorkerLost
from services.jobs.job import Job, JobError, Result, State, move

ATTEMPTS = 10
"""Workers that may die of a job in a row without achieving anything."""
RETRIES = 30
"""Errors that may pass, in a row: with pauses of up to a minute that is about 25 minutes."""

LONGEST = timedelta(minutes=1)
"""Between two tries."""

PASSING = {Kind.UNAVAILABLE, Kind.EXHAUSTED, Kind.DEADLINE, Kind.UNAUTHENTICATED}
"""The last one because it is our own secret that serving refuses, while it is being exchanged."""


def take_up(
    job: Job, fence: int, token: str, attempts: int = ATTEMPTS, now: datetime | None = None
) -> Job:
    """A worker with the lease `token` takes the job up. Raises LeaseLost if it is late.

    A job that its workers died of `attempts` times in a row is FAILED instead. now: when a crash
    is noticed; None takes the record's own time.
    """
    if job.state.ended or job.fence != fence:
        raise LeaseLost(f"operation {job.name} has moved on", name=job.name)
    crashed = job.owner != ""
    stalls = job.stalls + crashed
    if crashed:
        gone = f"a worker ended in the middle of {job.progress.stage or 'it'}"
        job = job.remembering(now or job.update_time, WorkerLost.reason, gone)
    if crashed and stalls >= attempts and job.state is not State.CANCELLING:
        lost = WorkerLost(
            f"workers ended {stalls} times in a row without getting on with the operation",
            attempts=str(job.attempt),
        )
        return move(job, State.FAILED, error=JobError.of(lost), owner="", stalls=stalls)
    again = crashed or job.state in (State.QUEUED, State.WAITING_RETRY)
    changes = {
        "fence": job.fence + 1,
        "owner": token,
        "attempt": job.attempt + again,
        "stalls": stalls,
        "retry_time": None,
    }
    if job.state is State.CANCELLING:
        return job.model_copy(update=changes)
    return move(job, State.RUNNING, **changes)


def leave(job: Job, result: Result | None) -> Job:
    """Done, or handed over where there is no result yet."""
    if result is None:
        return job.model_copy(update={"owner": ""})
    return move(job, State.SUCCEEDED, result=result, owner="")


def achieve(job: Job) -> Job:
    """Something costly is done and stored: earlier failures no longer count."""
    return job.model_copy(update={"stalls": 0, "retries": 0})


def cancel(job: Job) -> Job:
    """Its worker has stopped because of a cancellation."""
    # the flag may have been seen before the record says so
    if job.state is State.RUNNING:
        job = move(job, State.CANCELLING, cancel_requested=True)
    return move(job, State.CANCELLED, owner="")


def fail(job: Job, error: DirectrixError, now: datetime, retries: int = RETRIES) -> Job:
    """An error ended the step: for good, or to be tried again up to `retries` times in a row."""
    if job.state is State.CANCELLING:
        return cancel(job)
    job = job.remembering(now, error.reason, error.message)
    if error.kind in PASSING and job.retries < retries:
        return move(
            job,
            State.WAITING_RETRY,
            retries=job.retries + 1,
            retry_time=now + backoff(job.retries),
            progress=job.progress.model_copy(update={"note": error.message}),
            owner="",
        )
    return move(job, State.FAILED, error=JobError.of(error), owner="")


def request_cancel(job: Job) -> Job:
    """Somebody asks for cancellation: at once where nothing runs; an ended job stays as it is."""
    if job.state.ended or job.state is State.CANCELLING:
        return job
    state = State.CANCELLING if job.state is State.RUNNING else State.CANCELLED
    return move(job, state, cancel_requested=True, retry_time=None)


def backoff(retries: int) -> timedelta:
    """0.5 s, 1 s, 2 s ... up to LONGEST."""
    return min(LONGEST, timedelta(seconds=0.5 * 2 ** min(retries, 10)))


def waits(job: Job, now: datetime) -> bool:
    """Whether it is too early to try it again.

    Where that would be more than LONGEST away, the clock has been set back since: it is not.
    """
    if job.state is not State.WAITING_RETRY or job.retry_time is None:
        return False
    return timedelta(0) < job.retry_time - now <= LONGEST
