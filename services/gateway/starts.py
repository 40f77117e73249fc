"""Starts: a job's record is written, then it is put into the queue."""

from dataclasses import dataclass

from google.longrunning import operations_pb2
from google.protobuf.message import Message

from directrix.archive import canonical_json, sha256
from directrix.errors import BrokerUnavailable, QuotaExceeded
from directrix.v1 import discovery_service_pb2, explanation_service_pb2, model_service_pb2
from services.access.rates import Rates
from services.gateway.log import Log
from services.gateway.lookups import Lookups
from services.gateway.operations import to_operation
from services.gateway.spending import budget_of, priority_of, to_estimate
from services.jobs.costs import Costs
from services.jobs.job import Job, State
from services.jobs.specs import Spec
from services.jobs.store import JobStore
from services.jobs.submitter import Submitter
from services.trail.entry import Trail

Request = (
    discovery_service_pb2.DiscoverFindingsRequest
    | explanation_service_pb2.AuditClassifierRequest
    | model_service_pb2.TrainEncoderRequest
)


@dataclass(frozen=True)
class Starts:
    lookups: Lookups
    jobs: JobStore
    submitter: Submitter
    log: Log
    rates: Rates
    trail: Trail
    costs: Costs

    async def start(
        self, spec: Spec, request: Request, request_id: str
    ) -> operations_pb2.Operation:
        """The operation that this request started, now or before.

        Raises RequestIdReused, and QuotaExceeded for a new one where the project has too many.
        """
        with self.trail.act("start", request, self.lookups.names.project) as entry:
            entry.set(
                method=spec.method,
                generator=spec.generator.digest,
                predictors=[ref.digest for ref in getattr(spec, "predictors", ())],
                parameters=sha256(canonical_json(spec.parameters)),
                specification=spec.digest,
                seed=spec.seed,
            )
            await self.lookups.call(self._check_quota, request_id)
            job = await self.lookups.call(
                self.jobs.create,
                self.lookups.names.project,
                spec,
                request_id,
                _fingerprint(request),
                priority_of(request),
                budget_of(request),
            )
            entry.set(operation=job.name)
        if job.state is State.QUEUED:
            await self._submit(job)
        return to_operation(job)

    async def foresee(self, spec: Spec, response: Message) -> operations_pb2.Operation:
        """Of a request that is only validated: what the job would cost, where jobs like it have
        succeeded. response: an empty one, of what the job would end with."""
        found = await self.lookups.call(self.costs.estimate, self.lookups.names.project, spec)
        metadata = discovery_service_pb2.DiscoverFindingsMetadata(
            method=spec.method, generator=spec.generator.name
        )
        metadata.parameters.update(spec.parameters)
        if found is not None:
            metadata.estimate.CopyFrom(to_estimate(found))
        operation = operations_pb2.Operation(done=True)
        operation.metadata.Pack(metadata)
        operation.response.Pack(response)
        return operation

    def _check_quota(self, request_id: str) -> None:
        """Two that start at one moment may both be let in: the limit keeps order, not books."""
        project = self.lookups.names.project
        most = self.rates.allowance(project).jobs_outstanding
        if most is None or self.jobs.outstanding(project) < most:
            return
        if request_id and self.jobs.knows(project, request_id):
            return
        raise QuotaExceeded(
            f"project {project} has {most} jobs that have not ended: it may have no more",
            project=project,
            limit=f"{most} jobs",
            retry_seconds="30",
        )

    async def _submit(self, job: Job) -> None:
        try:
            await self.lookups.call(self.submitter.submit, job)
        except BrokerUnavailable as error:
            # the record is what counts: a reconciler will submit it
            self.log.event("submit_failed", operation=job.name, reason=error.reason)


def _fingerprint(request: Message) -> str:
    """Of everything but the request id."""
    rest = type(request)()
    rest.CopyFrom(request)
    rest.ClearField("request_id")
    return sha256(rest.SerializeToString(deterministic=True))
