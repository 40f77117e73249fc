"""Starts: a job's record is written, then it is put into the queue."""

from dataclasses import dataclass

from google.longrunning import operations_pb2
from google.protobuf.message import Message

from directrix.archive import sha256
from directrix.errors import BrokerUnavailable
from services.gateway.log import Log
from services.gateway.lookups import Lookups
from services.gateway.operations import to_operation
from services.jobs.job import Job, State
from services.jobs.specs import Spec
from services.jobs.store import JobStore
from services.jobs.submitter import Submitter


@dataclass(frozen=True)
class Starts:
    lookups: Lookups
    jobs: JobStore
    submitter: Submitter
    log: Log

    async def start(
        self, spec: Spec, request: Message, request_id: str
    ) -> operations_pb2.Operation:
        """The operation that this request started, now or before. Raises RequestIdReused."""
        job = await self.lookups.call(
            self.jobs.create,
            self.lookups.names.project,
            spec,
            request_id,
            _fingerprint(request),
        )
        if job.state is State.QUEUED:
            await self._submit(job)
        return to_operation(job)

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
