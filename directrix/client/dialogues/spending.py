"""What jobs may cost and will: budgets, priorities and estimates."""

from collections.abc import Mapping

from google.longrunning import operations_pb2

from directrix.client.values import Estimate, Priority
from directrix.v1 import discovery_service_pb2 as pb
from directrix.v1 import jobs_pb2


def budget_of(limits: Mapping[str, float] | None) -> jobs_pb2.JobBudget:
    limits = limits or {}
    return jobs_pb2.JobBudget(
        seconds=limits.get("seconds", 0.0),
        images=int(limits.get("images", 0)),
        memory_mb=int(limits.get("memory_mb", 0)),
    )


def priority_of(word: Priority) -> jobs_pb2.JobPriority.ValueType:
    return jobs_pb2.JobPriority.Value(f"JOB_PRIORITY_{word.upper()}")


def estimate_of(operation: operations_pb2.Operation) -> Estimate | None:
    """Of a request that was only validated; None where no job like it has succeeded yet."""
    metadata = pb.DiscoverFindingsMetadata()
    operation.metadata.Unpack(metadata)
    if not metadata.HasField("estimate"):
        return None
    told = metadata.estimate
    return Estimate(
        seconds=told.seconds,
        seconds_low=told.seconds_low,
        seconds_high=told.seconds_high,
        images=told.images,
        memory_mb=told.memory_mb,
        jobs=told.jobs,
        seconds_error=told.seconds_error if told.HasField("seconds_error") else None,
    )
