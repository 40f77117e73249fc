"""DurableJobStore: job records as versions in the artifact store.

A record is never overwritten: its next version is an object of its own that only one writer can
create, so that writing is a compare-and-swap. The version with the highest number holds.
"""

import json
import logging
import secrets
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext, suppress
from datetime import UTC, datetime, timedelta
from itertools import groupby

from directrix.archive import canonical_json, sha256
from directrix.errors import (
    InvalidField,
    ObjectExists,
    ObjectNotFound,
    OperationNotFound,
    OperationUnfinished,
    RecordUnreadable,
    RequestIdReused,
)
from services.artifacts import keys
from services.artifacts.store import ArtifactStore
from services.jobs.budgets import Budget, Priority
from services.jobs.job import Job
from services.jobs.specs import Spec
from services.jobs.store import UNLIMITED, Change, JobStore
from services.sight import ids

Clock = Callable[[], datetime]
Guard = Callable[[str], AbstractContextManager[object]]
"""Makes a critical section by name, for artifact stores without conditional writes."""

_log = logging.getLogger(__name__)

REQUEST_HOURS = 24
KEPT = 50
"""Versions kept while a job runs: a version number freed too early could be written twice."""

_TRIES = 100


def utc_now() -> datetime:
    return datetime.now(UTC)


class DurableJobStore(JobStore):
    """guard: used only where the artifact store's `put_new` is not atomic."""

    def __init__(
        self,
        store: ArtifactStore,
        guard: Guard = lambda name: nullcontext(),
        clock: Clock = utc_now,
    ):
        self._store = store
        self._guard = guard
        self._clock = clock

    def create(
        self,
        project: str,
        spec: Spec,
        request_id: str = "",
        fingerprint: str = "",
        priority: Priority = Priority.NORMAL,
        budget: Budget = UNLIMITED,
    ) -> Job:
        now = self._clock()
        fresh = Job(
            id=_new_id(now),
            project=project,
            spec=spec,
            request_id=request_id,
            origin=ids.headers(),
            fingerprint=fingerprint or sha256(canonical_json(spec.model_dump(mode="json"))),
            create_time=now,
            update_time=now,
            priority=priority,
            budget=budget,
        )
        if not request_id:
            return self._write_first(fresh)
        with self._section(f"requests/{project}/{request_id}"):
            job_id = self._claim(fresh)
            return self._write_first(fresh.model_copy(update={"id": job_id}))

    def get(self, name: str) -> Job:
        return self._latest(name)[1]

    def update(self, name: str, change: Change) -> Job:
        for _ in range(_TRIES):
            with self._section(name):
                version, job = self._latest(name)
                changed = change(job)
                if changed == job:
                    return job
                changed = changed.model_copy(update={"update_time": self._clock()})
                try:
                    self._write(changed, version + 1)
                except ObjectExists:
                    continue  # somebody was first: look at what they made of it
                self._forget(changed, version + 1)
                return changed
        raise ObjectExists(f"operation {name} changes faster than it can be written", name=name)

    def jobs(self, project: str, after: str = "", limit: int = 1000) -> list[Job]:
        found: list[Job] = []
        start = f"{after}/~" if after else ""
        listing = self._store.keys(keys.operations(project), start)
        for name, _ in groupby(listing, key=lambda key: key.rpartition("/")[0]):
            if len(found) == limit:
                break
            with suppress(OperationNotFound):  # deleted since it was listed
                found.append(self.get(name))
        return found

    def active(self) -> Iterator[Job]:
        for key in self._store.keys(keys.ACTIVE):
            _, project, job_id = key.split("/")
            try:
                yield self.get(keys.operations(project) + job_id)
            except OperationNotFound:
                # the mark is written before the record: a caller who died between the two never
                # got an answer; one who is still between them will write it
                continue
            except RecordUnreadable as error:
                _log.warning("%s/%s is left to another release: %s", project, job_id, error)

    def tidy(self, name: str) -> None:
        project, job_id = _parse(name)
        version, job = self._latest(name)
        if not job.state.ended:
            return
        for key in list(self._store.keys(keys.records(project, job_id))):
            if key < keys.record(project, job_id, version):
                self._store.delete(key)
        self._store.delete(keys.active(project, job_id))

    def delete(self, name: str) -> None:
        project, job_id = _parse(name)
        job = self.get(name)
        if not job.state.ended:
            raise OperationUnfinished(
                f"operation {name} is {job.state}: cancel it first", name=name, state=job.state
            )
        self._store.delete(keys.active(project, job_id))
        # oldest first: whoever reads in between finds the job ended or gone
        for key in list(self._store.keys(keys.records(project, job_id))):
            self._store.delete(key)

    def outstanding(self, project: str) -> int:
        names = (
            keys.operations(project) + key.rpartition("/")[2]
            for key in self._store.keys(keys.active_of(project))
        )
        return sum(not self._ended(name) for name in names)

    def knows(self, project: str, request_id: str) -> bool:
        return self._store.exists(keys.request(project, request_id))

    def _ended(self, name: str) -> bool:
        try:
            return self.get(name).state.ended
        except OperationNotFound:
            return True
        except RecordUnreadable:
            return False

    def _section(self, name: str) -> AbstractContextManager[object]:
        return nullcontext() if self._store.conditional else self._guard(name)

    def _claim(self, job: Job) -> str:
        """The id of the job that this request stands for: `job`'s own where it is new."""
        key = keys.request(job.project, job.request_id)
        entry = {"job": job.id, "fingerprint": job.fingerprint, "time": job.create_time.isoformat()}
        for _ in range(_TRIES):
            with suppress(ObjectExists):
                self._store.put_new(key, canonical_json(entry))
                return job.id
            try:
                known = json.loads(self._store.get(key))
            except ObjectNotFound:
                continue
            age = job.create_time - datetime.fromisoformat(known["time"])
            if age <= timedelta(hours=REQUEST_HOURS):
                if known["fingerprint"] != job.fingerprint:
                    raise RequestIdReused(
                        f"request id {job.request_id} was used for another request",
                        request_id=job.request_id,
                    )
                return str(known["job"])
            self._store.delete(key)
        raise ObjectExists(f"request id {job.request_id} is being claimed by many callers")

    def _write_first(self, job: Job) -> Job:
        """The record as it is now, which is `job` itself where there was none."""
        with suppress(OperationNotFound):
            return self.get(job.name)
        self._store.put(keys.active(job.project, job.id), b"")
        try:
            self._write(job, 1)
        except ObjectExists:
            return self.get(job.name)
        return job

    def _write(self, job: Job, version: int) -> None:
        key = keys.record(job.project, job.id, version)
        self._store.put_new(key, job.record())

    def _latest(self, name: str) -> tuple[int, Job]:
        project, job_id = _parse(name)
        for _ in range(_TRIES):
            versions = list(self._store.keys(keys.records(project, job_id)))
            if not versions:
                break
            try:
                job = Job.read(self._store.get(versions[-1]))
            except ObjectNotFound:
                continue  # tidied up between the two calls
            return int(versions[-1].rpartition("/")[2]), job
        raise OperationNotFound(f"there is no operation {name}", name=name)

    def _forget(self, job: Job, version: int) -> None:
        """Drops old versions now and then."""
        if version % KEPT:
            return
        for old in range(max(1, version - 2 * KEPT), version - KEPT):
            self._store.delete(keys.record(job.project, job.id, old))


def _new_id(now: datetime) -> str:
    """Ids sort newest first: stores list keys in rising order only."""
    left = (1 << 48) - int(now.timestamp() * 1000)
    return f"d{left:012x}{secrets.token_hex(5)}"


def _parse(name: str) -> tuple[str, str]:
    parts = name.split("/")
    if len(parts) != 4 or parts[0] != "projects" or parts[2] != "operations":
        raise InvalidField(f"{name[:200]!r} is no name of an operation", field="name")
    return parts[1], parts[3]
