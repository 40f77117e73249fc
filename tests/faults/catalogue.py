"""The faults: each is done to a world, takes as long as it lasts, and leaves the world mended.

The queue of the broker is a list of messages: it is turned over, copied and held back here as a
network or another broker would.
"""

import signal
import time
from collections.abc import Callable
from contextlib import suppress

import redis

from services.jobs.queueing import lists
from tests.faults import disk
from tests.faults.proxy import Mood
from tests.faults.world import World, send

QUEUE = "directrix"
LONGEST = 2.5
"""Seconds that a fault lasts at most which has an end."""
FAR = 3600.0
"""Seconds by which clocks jump at most. Stores refuse requests signed a quarter of an hour off."""

Fault = Callable[[World], None]


def kill(part: str) -> Fault:
    return lambda world: world.signal(part, signal.SIGKILL)


def stop(part: str) -> Fault:
    """With TERM, as a rolling restart does it."""
    return lambda world: world.signal(part, signal.SIGTERM)


def store_is(mood: Mood) -> Fault:
    def fail(world: World) -> None:
        world.proxy.mood = mood
        time.sleep(world.chance.uniform(0.3, LONGEST))
        world.proxy.mood = Mood.WELL

    return fail


def empty_broker(world: World) -> None:
    with suppress(redis.RedisError):
        world.redis.flushall()


def duplicate(world: World) -> None:
    """Every message that waits is there three times."""
    with suppress(redis.RedisError):
        for name in lists(QUEUE):
            for message in world.redis.lrange(name, 0, -1):
                world.redis.rpush(name, message, message)


def delay(world: World) -> None:
    """Messages are held back, and come when others have overtaken them."""
    held: list[bytes] = []
    until = time.monotonic() + world.chance.uniform(0.3, LONGEST)
    while time.monotonic() < until:
        with suppress(redis.RedisError):
            for name in lists(QUEUE):
                message = world.redis.rpop(name)
                held += [message] if isinstance(message, bytes) else []
        time.sleep(0.01)
    with suppress(redis.RedisError):
        for message in held:
            world.redis.lpush(QUEUE, message)


def reorder(world: World) -> None:
    with suppress(redis.RedisError):
        for name in lists(QUEUE):
            messages = world.redis.lrange(name, 0, -1)
            world.redis.delete(name)
            world.chance.shuffle(messages)
            if messages:
                world.redis.rpush(name, *messages)


def jump(world: World) -> None:
    """The clock of all processes is wrong for a while, then right again: two jumps."""
    if world.clock is None:
        raise ValueError("this world has no clock of its own")
    world.clock.jump(world.chance.uniform(-FAR, FAR))
    time.sleep(world.chance.uniform(0.3, LONGEST))
    world.clock.jump(0.0)


def fill_disk(world: World) -> None:
    if world.disk is None:
        raise ValueError("this world's store has no disk of its own")
    disk.fill(world.disk)
    time.sleep(world.chance.uniform(0.3, LONGEST))
    disk.empty(world.disk)


def kill_ray(title: str) -> Fault:
    """A process of Ray by a word of its title."""

    def fail(world: World) -> None:
        for process in world.below("serving", title):
            send(process.pid, signal.SIGKILL)

    return fail


LITE: dict[str, Fault] = {
    "worker killed": kill("worker"),
    "gateway killed": kill("gateway"),
    "replica killed": kill("serving"),
    "broker killed": kill("broker"),
    "store killed": kill("store"),
    "worker stopped": stop("worker"),
    "gateway stopped": stop("gateway"),
    "replica stopped": stop("serving"),
    "broker emptied": empty_broker,
    "store answers 500": store_is(Mood.ERRORS),
    "store slow": store_is(Mood.SLOW),
    "store full": store_is(Mood.FULL),
    "store's answers lost": store_is(Mood.MUTE),
    "messages twice": duplicate,
    "messages late": delay,
    "messages out of order": reorder,
    "clock jumps": jump,
}
DISK: dict[str, Fault] = {"disk full": fill_disk}
RAY: dict[str, Fault] = {"Ray head killed": kill_ray("gcs_server")}
FAULTS = LITE | DISK | RAY
