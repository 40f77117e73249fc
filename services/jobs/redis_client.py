"""The connection to Redis or Valkey, and its failures in our words."""

from collections.abc import Iterator
from contextlib import contextmanager

import redis

from directrix.errors import BrokerUnavailable
from services.settings import Settings

PREFIX = "directrix:"
"""Of every key of ours, beside Celery's."""


def connect(settings: Settings) -> redis.Redis:
    """A client that gives up after seconds; it connects at its first call."""
    return redis.Redis.from_url(
        settings.redis_url.get_secret_value(),
        socket_timeout=5,
        socket_connect_timeout=2,
        health_check_interval=15,
    )


@contextmanager
def reaching_redis() -> Iterator[None]:
    """Turns failures of the connection into BrokerUnavailable, without addresses."""
    try:
        yield
    except (redis.ConnectionError, redis.TimeoutError, redis.ResponseError) as error:
        raise BrokerUnavailable("the broker (Redis or Valkey) cannot be reached") from error
