"""Signals: what is said about a running job without a durable write: progress, cancellation, and
what helpers have spent on it.

Losing them loses no work: the record knows the stage and the request to cancel too. What helpers
spent is lost to the count then.
"""

import threading
from abc import ABC, abstractmethod
from contextlib import suppress

import redis
from pydantic import ValidationError

from directrix.errors import BrokerUnavailable
from services.jobs.budgets import Spent
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
    def help(self, name: str, spent: Spent) -> None:
        """Somebody else than the job's owner has spent so much time, and so many images, on it."""

    @abstractmethod
    def helped(self, name: str) -> Spent:
        """What was spent like that since this was last asked: each of it is told once."""

    @abstractmethod
    def clear(self, name: str) -> None:
        """Forgets all of it; for jobs that have ended."""

    def watch(self, job: Job) -> Job:
        """The job with its live progress, where it has not ended and there is any."""
        live = None if job.state.ended else self.progress(job.name)
        return job if live is None else job.model_copy(update={"progress": live})


class RedisSignals(Signals):
    """A string, a flag and two sums a job, all gone after a day."""

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

    def help(self, name: str, spent: Spent) -> None:
        key = f"{PREFIX}helped:{name}"
        with suppress(BrokerUnavailable), reaching_redis(), self._client.pipeline() as pipe:
            pipe.hincrbyfloat(key, "seconds", spent.seconds)
            pipe.hincrby(key, "images", spent.images)
            pipe.expire(key, KEPT_SECONDS)
            pipe.execute()

    def helped(self, name: str) -> Spent:
        key = f"{PREFIX}helped:{name}"
        with suppress(BrokerUnavailable), reaching_redis(), self._client.pipeline() as pipe:
            pipe.hmget(key, ["seconds", "images"])
            pipe.delete(key)
            (seconds, images), _ = pipe.execute()
            return Spent(seconds=float(seconds or 0), images=int(images or 0))
        return Spent()

    def clear(self, name: str) -> None:
        keys = [f"{PREFIX}{what}:{name}" for what in ("progress", "cancel", "helped")]
        with suppress(BrokerUnavailable), reaching_redis():
            self._client.delete(*keys)


class MemorySignals(Signals):
    """For tests and for one process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._progress: dict[str, Progress] = {}
        self._cancelled: set[str] = set()
        self._helped: dict[str, Spent] = {}

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

    def help(self, name: str, spent: Spent) -> None:
        with self._lock:
            before = self._helped.get(name, Spent())
            self._helped[name] = Spent(
                seconds=before.seconds + spent.seconds, images=before.images + spent.images
            )

    def helped(self, name: str) -> Spent:
        with self._lock:
            return self._helped.pop(name, Spent())

    def clear(self, name: str) -> None:
        with self._lock:
            self._progress.pop(name, None)
            self._cancelled.discard(name)
            self._helped.pop(name, None)
