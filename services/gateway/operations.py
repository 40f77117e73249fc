"""Jobs as google.longrunning operations."""

import asyncio
import time
from dataclasses import dataclass

from google.longrunning import operations_pb2
from google.protobuf.empty_pb2 import Empty
from google.protobuf.message import Message

from directrix.errors import Cancelled, DirectrixError, InvalidField
from directrix.inference.v1 import inference_service_pb2 as internal
from directrix.v1 import discovery_service_pb2 as pb
from directrix.v1 import explanation_service_pb2, model_service_pb2
from directrix.wire.errors import error_from_proto
from services.gateway.errors import status_of
from services.gateway.lookups import Lookups
from services.gateway.paging import Pages
from services.gateway.spending import tell_costs
from services.jobs.job import AuditResult, EncoderResult, Job, Result, State
from services.jobs.signals import Signals
from services.jobs.store import JobStore

STATES = {
    State.QUEUED: pb.DiscoverFindingsMetadata.STATE_QUEUED,
    State.RUNNING: pb.DiscoverFindingsMetadata.STATE_RUNNING,
    State.WAITING_RETRY: pb.DiscoverFindingsMetadata.STATE_WAITING_RETRY,
    State.CANCELLING: pb.DiscoverFindingsMetadata.STATE_CANCELLING,
    State.SUCCEEDED: pb.DiscoverFindingsMetadata.STATE_SUCCEEDED,
    State.FAILED: pb.DiscoverFindingsMetadata.STATE_FAILED,
    State.CANCELLED: pb.DiscoverFindingsMetadata.STATE_CANCELLED,
}

LONGEST_WAIT = 300.0
MARGIN = 0.25
"""Seconds before the caller's deadline at which a wait ends with the operation as it is."""
FIRST_PAUSE, LONGEST_PAUSE = 0.05, 0.5


@dataclass(frozen=True)
class Operations:
    lookups: Lookups
    pages: Pages
    jobs: JobStore
    signals: Signals

    async def get(self, name: str) -> operations_pb2.Operation:
        self.lookups.names.operation(name)
        return to_operation(await self._job(name))

    async def page(
        self, request: operations_pb2.ListOperationsRequest
    ) -> operations_pb2.ListOperationsResponse:
        self.lookups.names.parent(request.name, "name")
        if request.filter:
            raise InvalidField("operations cannot be filtered", field="filter")
        found, token = await self.pages.read(
            "operations", {"name": request.name}, request, self._fetch, lambda job: job.name
        )
        return operations_pb2.ListOperationsResponse(
            operations=[to_operation(job) for job in found], next_page_token=token
        )

    async def cancel(self, name: str) -> Empty:
        """Asks for it; whoever works on the job ends it. An ended one stays as it is."""
        self.lookups.names.operation(name)
        job = await self.lookups.call(self.jobs.cancel, name)
        if not job.state.ended:
            await self.lookups.call(self.signals.request_cancel, name)
        return Empty()

    async def delete(self, name: str) -> Empty:
        """Raises OperationUnfinished while it runs."""
        self.lookups.names.operation(name)
        await self.lookups.call(self.jobs.delete, name)
        return Empty()

    async def wait(
        self, request: operations_pb2.WaitOperationRequest, deadline: float
    ) -> operations_pb2.Operation:
        """The operation once it is done, or as it is when the time has run out."""
        self.lookups.names.operation(request.name)
        until = min(deadline - MARGIN, time.monotonic() + _seconds(request))
        pause = FIRST_PAUSE
        while True:
            job = await self._job(request.name)
            left = until - time.monotonic()
            if job.state.ended or left <= 0:
                return to_operation(job)
            await asyncio.sleep(min(pause, left))
            pause = min(pause * 1.5, LONGEST_PAUSE)

    async def _job(self, name: str) -> Job:
        return await self.lookups.call(self._watched, name)

    def _watched(self, name: str) -> Job:
        return self.signals.watch(self.jobs.get(name))

    async def _fetch(self, after: str, limit: int) -> list[Job]:
        return await self.lookups.call(self.jobs.jobs, self.lookups.names.project, after, limit)


def to_operation(job: Job) -> operations_pb2.Operation:
    operation = operations_pb2.Operation(name=job.name, done=job.state.ended)
    operation.metadata.Pack(metadata_of(job))
    if job.state is State.SUCCEEDED and job.result is not None:
        operation.response.Pack(_response(job.result))
    elif job.state.ended:
        operation.error.CopyFrom(status_of(_error(job)))
    return operation


def metadata_of(job: Job) -> pb.DiscoverFindingsMetadata:
    metadata = pb.DiscoverFindingsMetadata(
        state=STATES[job.state],
        method=job.spec.method,
        stage=job.progress.stage,
        done=job.progress.done,
        total=job.progress.total,
        note=job.progress.note,
        attempt=job.attempt,
        generator=job.spec.generator.name,
        finding_set=job.progress.finding_set,
    )
    metadata.create_time.FromDatetime(job.create_time)
    metadata.update_time.FromDatetime(job.update_time)
    metadata.parameters.update(job.spec.parameters)
    tell_costs(job, metadata)
    return metadata


def _response(result: Result) -> Message:
    if isinstance(result, EncoderResult):
        return model_service_pb2.TrainEncoderResponse(model=result.model, digest=result.digest)
    if isinstance(result, AuditResult):
        return explanation_service_pb2.AuditClassifierResponse(
            audit=result.audit,
            digest=result.digest,
            finding_count=result.count,
            accused_count=result.accused,
        )
    return pb.DiscoverFindingsResponse(
        finding_set=result.finding_set,
        digest=result.digest,
        finding_count=result.count,
        scored=result.scored,
    )


def _error(job: Job) -> DirectrixError:
    if job.error is None:
        return Cancelled("the operation was cancelled")
    return error_from_proto(
        internal.ItemError(
            reason=job.error.reason, message=job.error.message, metadata=job.error.metadata
        )
    )


def _seconds(request: operations_pb2.WaitOperationRequest) -> float:
    if not request.HasField("timeout"):
        return LONGEST_WAIT
    seconds = request.timeout.seconds + request.timeout.nanos / 1e9
    if seconds < 0:
        raise InvalidField("timeout is not negative", field="timeout")
    return min(seconds, LONGEST_WAIT)
