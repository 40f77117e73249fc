"""Leases: one holder at a time, for as long as it renews.

A lease keeps workers from doing the same work twice. It does not keep a late one from writing:
that is the fencing number's part, which lives in the durable job record.
"""

import threading
import time
import uuid
from abc import ABC, abstractmethod
from collections.abc import Callable

import redis

from services.jobs.redis_client import PREFIX, reaching_redis


class Lease(ABC):
    """token: unlike that of any other lease ever taken."""

    def __init__(self, name: str, token: str):
        self.name = name
        self.token = token

    @abstractmethod
    def renew(self, confirm: Callable[[], bool]) -> bool:
        """Whether it is still held. Raises BrokerUnavailable.

        confirm: asked where the lease has vanished (it expired, or the broker lost its memory);
        only if it says that nobody has taken the work over is the lease taken again.
        """

    @abstractmethod
    def release(self) -> None:
        """Gives it back if it is still held. Raises BrokerUnavailable."""


class Leases(ABC):
    @abstractmethod
    def take(self, name: str) -> Lease | None:
        """A lease, or None where somebody holds one. Raises BrokerUnavailable."""

    @abstractmethod
    def held(self, name: str) -> bool:
        """Whether anybody holds it. Raises BrokerUnavailable."""


_RENEW = """
local holder = redis.call('GET', KEYS[1])
if holder == ARGV[1] then redis.call('PEXPIRE', KEYS[1], ARGV[2]) return 1 end
if holder then return 0 end
return -1
"""
_RELEASE = """
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
"""
_HELD = """
local left = redis.call('PTTL', KEYS[1])
if left > tonumber(ARGV[1]) * 4 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
return left
"""
_NOBODY = -2


class RedisLeases(Leases):
    """One key a lease, gone `seconds` after the last renewal.

    Brokers keep the hour at which a key goes. One that has four times as long to go, or more, was
    taken before the broker's clock was set back: who asks for it makes it as short as it was.
    """

    def __init__(self, client: redis.Redis, seconds: float):
        self._client = client
        self._milliseconds = int(seconds * 1000)

    def take(self, name: str) -> Lease | None:
        lease = _RedisLease(self._client, self._milliseconds, name)
        if lease.acquire():
            return lease
        self.held(name)
        return None

    def held(self, name: str) -> bool:
        with reaching_redis():
            left = self._client.eval(_HELD, 1, _key(name), str(self._milliseconds))
        return left != _NOBODY


class _RedisLease(Lease):
    def __init__(self, client: redis.Redis, milliseconds: int, name: str):
        super().__init__(name, uuid.uuid4().hex)
        self._client = client
        self._milliseconds = milliseconds

    def acquire(self) -> bool:
        with reaching_redis():
            return bool(
                self._client.set(_key(self.name), self.token, nx=True, px=self._milliseconds)
            )

    def renew(self, confirm: Callable[[], bool]) -> bool:
        with reaching_redis():
            answer = self._client.eval(
                _RENEW, 1, _key(self.name), self.token, str(self._milliseconds)
            )
        if answer == -1:
            return confirm() and self.acquire()
        return answer == 1

    def release(self) -> None:
        with reaching_redis():
            self._client.eval(_RELEASE, 1, _key(self.name), self.token)


class MemoryLeases(Leases):
    """For tests and for one process. clock: seconds."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic):
        self._seconds = seconds
        self._clock = clock
        self._lock = threading.Lock()
        self._holders: dict[str, tuple[str, float]] = {}

    def take(self, name: str) -> Lease | None:
        lease = _MemoryLease(self, name)
        return lease if self.acquire(lease) else None

    def held(self, name: str) -> bool:
        with self._lock:
            return self._holder(name) is not None

    def lose(self) -> None:
        """Forgets everything, as a broker does that restarts empty."""
        with self._lock:
            self._holders.clear()

    def acquire(self, lease: Lease) -> bool:
        with self._lock:
            if self._holder(lease.name) not in (None, lease.token):
                return False
            self._holders[lease.name] = (lease.token, self._clock() + self._seconds)
            return True

    def drop(self, lease: Lease) -> None:
        with self._lock:
            if self._holder(lease.name) == lease.token:
                del self._holders[lease.name]

    def owner(self, name: str) -> str | None:
        with self._lock:
            return self._holder(name)

    def _holder(self, name: str) -> str | None:
        token, end = self._holders.get(name, (None, 0.0))
        return token if end > self._clock() else None


class _MemoryLease(Lease):
    def __init__(self, leases: MemoryLeases, name: str):
        super().__init__(name, uuid.uuid4().hex)
        self._leases = leases

    def renew(self, confirm: Callable[[], bool]) -> bool:
        owner = self._leases.owner(self.name)
        if owner is None and not confirm():
            return False
        return self._leases.acquire(self)

    def release(self) -> None:
        self._leases.drop(self)


def _key(name: str) -> str:
    return f"{PREFIX}lease:{name}"
