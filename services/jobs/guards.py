"""A critical section over Redis, for artifact stores that cannot write conditionally."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

import redis
from redis.exceptions import LockError, LockNotOwnedError

from directrix.errors import BrokerUnavailable
from services.jobs.durable import Guard
from services.jobs.redis_client import PREFIX, reaching_redis

HOLD_SECONDS = 20.0
"""A section whose holder has died opens again after this long."""


def redis_guard(client: redis.Redis) -> Guard:
    """Sections by name. Entering raises BrokerUnavailable where Redis is out of reach."""

    @contextmanager
    def section(name: str) -> Iterator[None]:
        lock = client.lock(f"{PREFIX}guard:{name}", timeout=HOLD_SECONDS, sleep=0.02)
        with reaching_redis():
            entered = lock.acquire(blocking_timeout=HOLD_SECONDS)
        if not entered:
            raise BrokerUnavailable(f"somebody has been writing {name} for too long")
        try:
            yield
        finally:
            # lost only with the broker's memory; the fence in the record still holds
            with suppress(LockError, LockNotOwnedError, BrokerUnavailable), reaching_redis():
                lock.release()

    return section
