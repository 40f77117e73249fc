"""Retention: operations that ended long ago, and the pictures that were uploaded for them."""

from collections.abc import Iterator
from datetime import datetime

from services.artifacts import keys
from services.artifacts.store import ArtifactStore
from services.jobs import AuditSpec, Job, JobStore

PAGE = 100


def expire(store: ArtifactStore, jobs: JobStore, project: str, before: datetime) -> tuple[int, int]:
    """How many operations and sets of pictures were forgotten.

    An operation goes that ended before that time; uploaded pictures go with the last operation
    that names them. What operations have made stays: finding sets, models, audits.
    """
    old = [job for job in _all(jobs, project) if job.state.ended and job.update_time < before]
    for job in old:
        jobs.delete(job.name)
        if job.request_id:
            store.delete(keys.request(project, job.request_id))
    # looked for again: an operation may have been started with the same pictures meanwhile
    wanted = {digest for job in _all(jobs, project) for digest in _pictures(job)}
    gone = {digest for job in old for digest in _pictures(job)} - wanted
    for digest in gone:
        store.delete(keys.content(project, digest))
    return len(old), len(gone)


def _all(jobs: JobStore, project: str) -> Iterator[Job]:
    after = ""
    while page := jobs.jobs(project, after, PAGE):
        yield from page
        after = page[-1].name


def _pictures(job: Job) -> set[str]:
    """The digest of what was uploaded for it, if anything was."""
    spec = job.spec
    return {spec.pictures.images} if isinstance(spec, AuditSpec) and spec.pictures else set()
