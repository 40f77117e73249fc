"""Jobs: durable records, leases, signals and the way into the queue.

specs.py         what jobs are about
budgets.py       what they may cost, what they have cost, what went wrong
costs.py         what jobs like this one have cost
job.py           Job, its states and legal moves
transitions.py   what each event makes of a record
store.py         JobStore (abstract); durable.py: records as versions in the artifact store
guards.py        critical sections, where the artifact store writes unconditionally
leases.py        who works on a job
signals.py       live progress, cancellation
submitter.py     into the queue
queueing.py      whose turn it is
redis_client.py  the connection, and its failures in our words
"""

import redis

from services.artifacts.store import ArtifactStore
from services.jobs.budgets import Budget, Failure, Priority, Spent
from services.jobs.durable import DurableJobStore
from services.jobs.guards import redis_guard
from services.jobs.job import (
    MOVES,
    AuditResult,
    EncoderResult,
    Job,
    JobError,
    JobResult,
    Progress,
    Result,
    Stage,
    State,
    move,
)
from services.jobs.specs import (
    AuditSpec,
    DiscoverySpec,
    EncoderSpec,
    ModelRef,
    PicturesSpec,
    PlaceRef,
    ScoreRef,
    SetRef,
    Spec,
)
from services.jobs.store import JobStore

__all__ = [
    "MOVES",
    "AuditResult",
    "AuditSpec",
    "Budget",
    "DiscoverySpec",
    "EncoderResult",
    "EncoderSpec",
    "Failure",
    "Job",
    "JobError",
    "JobResult",
    "JobStore",
    "ModelRef",
    "PicturesSpec",
    "PlaceRef",
    "Priority",
    "Progress",
    "Result",
    "ScoreRef",
    "SetRef",
    "Spec",
    "Spent",
    "Stage",
    "State",
    "move",
    "open_jobs",
]


def open_jobs(store: ArtifactStore, client: redis.Redis) -> JobStore:
    """The durable jobs. Redis guards them only where the store cannot write conditionally."""
    return DurableJobStore(store, redis_guard(client))
