"""JobStore: where job records live, durably, one writer at a time."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator

from services.jobs.budgets import Budget, Priority
from services.jobs.job import Job
from services.jobs.specs import Spec
from services.jobs.transitions import request_cancel

Change = Callable[[Job], Job]
"""Makes the next version of a record. It may run several times and may raise to leave it be."""


UNLIMITED = Budget()


class JobStore(ABC):
    """Jobs by resource name. Every call raises StoreUnavailable where it cannot be reached."""

    @abstractmethod
    def create(
        self,
        project: str,
        spec: Spec,
        request_id: str = "",
        fingerprint: str = "",
        priority: Priority = Priority.NORMAL,
        budget: Budget = UNLIMITED,
    ) -> Job:
        """A new job, or the one that the same request started within the last 24 hours.

        fingerprint: of the request as it came; empty means that of the spec.
        Raises RequestIdReused where the request id was used with another fingerprint.
        """

    @abstractmethod
    def get(self, name: str) -> Job:
        """Raises OperationNotFound, RecordUnreadable."""

    @abstractmethod
    def update(self, name: str, change: Change) -> Job:
        """Replaces a record by what `change` makes of the newest one, atomically.

        Raises OperationNotFound, RecordUnreadable and whatever `change` raises.
        """

    @abstractmethod
    def jobs(self, project: str, after: str = "", limit: int = 1000) -> list[Job]:
        """At most `limit` jobs, newest first, from behind the job with the name `after` on.

        Raises RecordUnreadable.
        """

    @abstractmethod
    def active(self) -> Iterator[Job]:
        """All jobs that have not ended, of every project; and ended ones not tidied up yet.

        Those that only another release can read are left out: their messages are left to it too.
        """

    @abstractmethod
    def tidy(self, name: str) -> None:
        """Strikes an ended job off the list of active ones and keeps its last record only."""

    @abstractmethod
    def delete(self, name: str) -> None:
        """Forgets an ended job. Raises OperationNotFound, OperationUnfinished."""

    @abstractmethod
    def outstanding(self, project: str) -> int:
        """How many jobs of a project have not ended, or are known to another release only."""

    @abstractmethod
    def knows(self, project: str, request_id: str) -> bool:
        """Whether a request with this id has started a job."""

    def cancel(self, name: str) -> Job:
        """Asks for cancellation: at once where nothing runs; an ended job stays as it is."""
        return self.update(name, request_cancel)
