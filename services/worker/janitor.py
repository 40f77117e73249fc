"""Janitor: takes away what nobody needs: old jobs, old request ids, leftovers of jobs, content that
nothing points to.

Content is written before what points to it, so content that nothing points to may be about to be
pointed to. It is taken away only where nothing has pointed to it for `garbage_hours`, and put back
where something does right after it is gone; and whoever writes a pointer looks once more afterwards
whether its content is there (`Catalogue`).
"""

import json
import logging
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from directrix.archive import canonical_json
from directrix.errors import (
    DirectrixError,
    ObjectNotFound,
    OperationNotFound,
    OperationUnfinished,
    RecordUnreadable,
)
from services.artifacts import keys, references
from services.artifacts.store import ArtifactStore
from services.jobs import JobStore
from services.jobs.durable import REQUEST_HOURS, Clock, utc_now
from services.jobs.leases import Leases

_log = logging.getLogger(__name__)

LEASE = "janitor"
BATCH = 64
"""Objects of content that are held in memory while they are taken away."""


@dataclass
class Rubbish:
    """Keys, or names of jobs, that a round took away, or would."""

    jobs: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    checkpoints: list[str] = field(default_factory=list)
    contents: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Janitor:
    """job_days: after their end, until jobs are forgotten. dry: only tells."""

    store: ArtifactStore
    jobs: JobStore
    leases: Leases
    job_days: float = 30.0
    garbage_hours: float = 24.0
    dry: bool = False
    clock: Clock = utc_now

    def run(self, seconds: float, stopping: threading.Event) -> None:
        """A round every `seconds` until `stopping`, where nobody else makes one."""
        while not stopping.wait(seconds):
            try:
                lease = self.leases.take(LEASE)
                if lease is None:
                    continue
                try:
                    self.clean()
                finally:
                    lease.release()
            except DirectrixError as error:
                _log.warning("janitor: %s", error)
            except Exception:
                _log.exception("janitor: a defect")

    def clean(self) -> Rubbish:
        """One round."""
        found = Rubbish(list(self._jobs()), list(self._requests()), list(self._checkpoints()))
        found.contents = self._contents()
        counts = {name: len(of) for name, of in vars(found).items() if of}
        _log.info(
            "janitor: %s %s", "would take away" if self.dry else "took away", counts or "nothing"
        )
        return found

    def _jobs(self) -> Iterator[str]:
        oldest = self.clock() - timedelta(days=self.job_days)
        for name in list(_jobs_of(self.store)):
            with suppress(OperationNotFound, OperationUnfinished, RecordUnreadable):
                job = self.jobs.get(name)
                if job.state.ended and job.update_time < oldest:
                    if not self.dry:
                        self.jobs.delete(name)
                    yield name

    def _requests(self) -> Iterator[str]:
        oldest = self.clock() - timedelta(hours=REQUEST_HOURS)
        for key in list(self.store.keys(keys.REQUESTS)):
            with suppress(ObjectNotFound):
                if datetime.fromisoformat(json.loads(self.store.get(key))["time"]) < oldest:
                    yield self._take(key)

    def _checkpoints(self) -> Iterator[str]:
        """Of jobs that have ended or are forgotten."""
        ended: dict[str, bool] = {}
        for key in list(self.store.keys(keys.CHECKPOINTS)):
            _, project, job, *_ = key.split("/")
            name = keys.operations(project) + job
            if name not in ended:
                ended[name] = self._has_ended(name)
            if ended[name]:
                yield self._take(key)

    def _has_ended(self, name: str) -> bool:
        try:
            return self.jobs.get(name).state.ended
        except OperationNotFound:
            return True
        except RecordUnreadable:
            return False

    def _contents(self) -> list[str]:
        now = self.clock()
        loose = references.loose(self.store)
        known = self._seen()
        seen = {key: known.get(key, now.isoformat()) for key in sorted(loose)}
        oldest = now - timedelta(hours=self.garbage_hours)
        old = [key for key, since in seen.items() if datetime.fromisoformat(since) <= oldest]
        if self.dry:
            return old
        gone = [key for at in range(0, len(old), BATCH) for key in self._drop(old[at : at + BATCH])]
        left = {key: since for key, since in seen.items() if key not in gone}
        if left != known:
            self.store.put(keys.LOOSE, canonical_json(left))
        return gone

    def _seen(self) -> dict[str, str]:
        """Since when nothing points to what, as far as rounds before this one know."""
        try:
            return dict(json.loads(self.store.get(keys.LOOSE)))
        except ObjectNotFound:
            return {}

    def _drop(self, old: list[str]) -> list[str]:
        """Takes content away; what something points to by now is put back."""
        data = {}
        for key in old:
            with suppress(ObjectNotFound):
                data[key] = self.store.get(key)
        for key in data:
            self.store.delete(key)
        needed = references.referenced(self.store) & data.keys()
        for key in needed:
            self.store.put(key, data[key])
        return sorted(data.keys() - needed)

    def _take(self, key: str) -> str:
        if not self.dry:
            self.store.delete(key)
        return key


def _jobs_of(store: ArtifactStore) -> Iterator[str]:
    """Names of all jobs of all projects."""
    last = ""
    for key in store.keys(keys.PROJECTS):
        parts = key.split("/")
        name = "/".join(parts[:4])
        if len(parts) == 5 and parts[2] == "operations" and name != last:
            last = name
            yield name
