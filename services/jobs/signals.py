"""Signals: what is said about a running job without a durable write: progress and cancellation.

Losing them loses nothing: the record knows the stage and the request to cancel too.
"""

import threading
from abc import ABC, abstractmethod
from contextlib import suppress

import redis
from pydantic import ValidationError

from directrix.errors import BrokerUnavailable
from services.jobs.job import Job, Progress
from services.jobs.redis_client import PREFIX, reaching_redis

KEPT_SECONDS = 24 * 3600


class Signals(ABC):
    """By the job's resource name. No call raises: an unreachable broker says and hears nothing."""

    @abstractmethod
    def report(self, name: str, progress: Progress) -> None: ...

    @abstractmethod
    def progress(self, name: str) -> Progress | None:
        """None where nothing was reported, it was lost, or it is another release's."""

    @abstractmethod
    def request_cancel(self, name: str) -> None: ...

    @abstractmethod
    def cancel_requested(self, name: str) -> bool: ...

    @abstractmethod
    def clear(self, name: str) -> None:
        """Forgets both; for jobs that have ended."""

    def watch(self, job: Job) -> Job:
        """The job with its live progress, where it has not ended and there is any."""
        live = None if job.state.ended else self.progress(job.name)
        return job if live is None else job.model_copy(update={"progress": live})


class RedisSignals(Signals):
    """One string and one flag a job, both gone after a day."""

    def __init__(self, client: redis.Redis):
        self._client = client

    def report(self, name: str, progress: Progress) -> None:
        with suppress(BrokerUnavailable), reaching_redis():
            self._client.set(
                f"{PREFIX}progress:{name}", progress.model_dump_json(), ex=KEPT_SECONDS
            )

    def progress(self, name: str) -> Progress | None:
        with suppress(BrokerUnavailable), reaching_redis():
            found = self._client.get(f"{PREFIX}progress:{name}")
            with suppress(ValidationError):  # a stage that only newer releases know
                return None if found is None else Progress.model_validate_json(found)
        return None

    def request_cancel(self, name: str) -> None:
        with suppress(BrokerUnavailable), reaching_redis():
            self._client.set(f"{PREFIX}cancel:{name}", b"1", ex=KEPT_SECONDS)

    def cancel_requested(self, name: str) -> bool:
        with suppress(BrokerUnavailable), reaching_redis():
            return bool(self._client.exists(f"{PREFIX}cancel:{name}"))
        return False

    def clear(self, name: str) -> None:
        with suppress(BrokerUnavailable), reaching_redis():
            self._client.delete(f"{PREFIX}progress:{name}", f"{PREFIX}cancel:{name}")


class MemorySignals(Signals):
    """For tests and for one process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._progress: dict[str, Progress] = {}
        self._cancelled: set[str] = set()

    def report(self, name: str, progress: Progress) -> None:
        with self._lock:
            self._progress[name] = progress

    def progress(self, name: str) -> Progress | None:
        with self._lock:
            return self._progress.get(name)

    def request_cancel(self, name: str) -> None:
        with self._lock:
            self._cancelled.add(name)

    def cancel_requested(self, name: str) -> bool:
        with self._lock:
            return name in self._cancelled

    def clear(self, name: str) -> None:
        with self._lock:
            self._progress.pop(name, None)
            self._cancelled.discard(name)
