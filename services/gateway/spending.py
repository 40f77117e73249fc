"""What jobs may cost and have cost, as messages and as values."""

from typing import Protocol

from directrix.v1 import discovery_service_pb2 as discovery
from directrix.v1 import jobs_pb2 as pb
from services.jobs.budgets import Budget, Priority
from services.jobs.costs import Estimate
from services.jobs.job import Job

PRIORITIES = {
    pb.JOB_PRIORITY_UNSPECIFIED: Priority.NORMAL,
    pb.JOB_PRIORITY_LOW: Priority.LOW,
    pb.JOB_PRIORITY_NORMAL: Priority.NORMAL,
    pb.JOB_PRIORITY_HIGH: Priority.HIGH,
}
_NAMES = {priority: number for number, priority in PRIORITIES.items() if number}


class Costly(Protocol):
    """A request that starts a job."""

    @property
    def job_budget(self) -> pb.JobBudget: ...

    @property
    def priority(self) -> pb.JobPriority.ValueType: ...


def budget_of(request: Costly) -> Budget:
    given = request.job_budget
    return Budget(seconds=given.seconds, images=given.images, memory_mb=given.memory_mb)


def priority_of(request: Costly) -> Priority:
    return PRIORITIES[request.priority]


def to_estimate(found: Estimate) -> pb.JobEstimate:
    return pb.JobEstimate(
        seconds=found.seconds,
        seconds_low=found.seconds_low,
        seconds_high=found.seconds_high,
        images=found.images,
        memory_mb=found.memory_mb,
        jobs=found.jobs,
        seconds_error=found.error,
    )


def tell_costs(job: Job, metadata: discovery.DiscoverFindingsMetadata) -> None:
    """Writes priority, budget, costs and failures."""
    metadata.priority = _NAMES[job.priority]
    if job.budget != Budget():
        metadata.budget.CopyFrom(pb.JobBudget(**job.budget.model_dump()))
    metadata.costs.CopyFrom(pb.JobCosts(**job.spent.model_dump()))
    for failure in job.failures:
        told = metadata.failures.add(
            attempt=failure.attempt, reason=failure.reason, message=failure.message
        )
        told.time.FromDatetime(failure.time)
