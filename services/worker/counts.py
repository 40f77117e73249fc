"""Counts: what the metrics say of jobs as they pass through a worker."""

from services.jobs import AuditResult, EncoderResult, Job, JobResult, State
from services.sight.metrics import COMMITS, JOB_DURATION, JOB_FAILURES, JOB_WAIT, STEPS
from services.trail.entry import Value

KINDS = {JobResult: "finding_set", EncoderResult: "model", AuditResult: "audit"}


def taken_up(before: Job, after: Job) -> None:
    """A worker has the job now; its first one ends the wait."""
    if before.state is State.QUEUED and after.attempt == 1:
        waited = (after.update_time - after.create_time).total_seconds()
        JOB_WAIT.labels(after.spec.method).observe(waited)


def left(job: Job) -> None:
    """A step is over and this is how it left the record."""
    STEPS.labels(job.state.value).inc()
    if not job.state.ended:
        return
    seconds = (job.update_time - job.create_time).total_seconds()
    JOB_DURATION.labels(job.spec.method, job.state.value).observe(seconds)
    if job.error is not None:
        JOB_FAILURES.labels(job.error.reason).inc()
    if job.result is not None:
        COMMITS.labels(KINDS[type(job.result)]).inc()


def ended(job: Job) -> dict[str, Value]:
    """What the audit trail keeps of a job's end; its start is the gateway's."""
    fields: dict[str, Value] = {
        "kind": "end",
        "operation": job.name,
        "method": job.spec.method,
        "specification": job.spec.digest,
        "outcome": job.state.value,
        "attempts": job.attempt,
        **job.origin,
    }
    if job.result is not None:
        fields |= {"result": job.result.model_dump(mode="json")}
    if job.error is not None:
        fields |= {"reason": job.error.reason}
    return fields


def lost() -> None:
    """The step's lease went to another worker; what it would have written is not written."""
    STEPS.labels("lease_lost").inc()
