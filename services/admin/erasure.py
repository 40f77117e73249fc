"""Erasure: everything of a project, so that nothing of it is left in the store."""

import time
from collections.abc import Callable

from directrix.errors import OperationUnfinished
from services.artifacts import keys
from services.artifacts.store import ArtifactStore
from services.jobs import JobStore

PAUSE = 0.5


def erase(
    store: ArtifactStore,
    jobs: JobStore,
    project: str,
    patience: float = 60.0,
    trail: bool = False,
    sleep: Callable[[float], None] = time.sleep,
) -> int:
    """How many objects there were. What points to others goes first, so that nobody reads halves.

    trail: also the audit trail, which holds digests and no content. Jobs are cancelled and waited
    for, `patience` seconds at most: a worker that still runs would write again. Raises
    OperationUnfinished, having erased nothing, where one does not end.
    """
    _stop(jobs, project, patience, sleep)
    prefixes = keys.belongings(project) + (keys.recorded(project) if trail else ())
    count = 0
    while found := [key for prefix in prefixes for key in store.keys(prefix)]:
        for key in found:
            store.delete(key)
        count += len(found)
    return count


def _stop(jobs: JobStore, project: str, patience: float, sleep: Callable[[float], None]) -> None:
    for _ in range(int(patience / PAUSE) + 1):
        live = [job for job in jobs.active() if job.project == project and not job.state.ended]
        left = jobs.outstanding(project)
        if not live and not left:
            return
        for job in live:
            jobs.cancel(job.name)
        sleep(PAUSE)
    raise OperationUnfinished(
        f"{left} operations of project {project} have not ended: is there a worker?",
        project=project,
    )
