"""The record of a job is linearizable while its store fails: histories of clients at one record."""

import random
import threading
import time
from collections.abc import Iterator
from math import inf
from pathlib import Path

import pytest
import redis

from directrix.errors import BrokerUnavailable, StoreUnavailable
from services.artifacts.s3 import S3Store
from services.jobs import DiscoverySpec, Job, ModelRef
from services.jobs.durable import DurableJobStore
from services.jobs.guards import redis_guard
from tests.faults.linear import START, Call, Value, is_linearizable
from tests.faults.proxy import Mood, Proxy
from tests.integration.servers import S3Server, minio_code, seaweedfs, valkey

SPEC = DiscoverySpec(generator=ModelRef(name="projects/p/models/g", digest="a" * 64), method="sefa")
CLIENTS, CALLS = 4, 6


@pytest.mark.parametrize(
    ("history", "linear"),
    [
        ([Call("raise", 0, 1, Value(1, False)), Call("read", 2, 3, Value(1, False))], True),
        ([Call("raise", 0, 1, Value(1, False)), Call("read", 2, 3, Value(0, False))], False),
        # a lost update: both say that they made 1 of 0
        ([Call("raise", 0, 2, Value(1, False)), Call("raise", 1, 3, Value(1, False))], False),
        ([Call("raise", 0, 2, Value(2, False)), Call("raise", 1, 3, Value(1, False))], True),
        # nobody knows whether the first one took effect; it did
        ([Call("raise", 0, inf), Call("read", 5, 6, Value(1, False))], True),
        ([Call("raise", 0, inf), Call("read", 5, 6, Value(0, False))], True),
        # once seen it is not unseen
        (
            [
                Call("cancel", 0, inf),
                Call("read", 1, 2, Value(0, True)),
                Call("read", 3, 4, Value(0, False)),
            ],
            False,
        ),
    ],
)
def test_the_judge_knows_histories_by_hand(history: list[Call], linear: bool) -> None:
    assert is_linearizable(history) is linear


@pytest.fixture(scope="module", params=["seaweedfs", "minio_code"])
def server(request: pytest.FixtureRequest, tmp_path_factory) -> Iterator[S3Server]:
    start = {"seaweedfs": seaweedfs, "minio_code": minio_code}[request.param]
    with start(tmp_path_factory.mktemp(request.param)) as found:
        yield found


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with valkey(tmp_path_factory.mktemp("valkey")) as url:
        yield url


@pytest.mark.parametrize("mood", [Mood.MUTE, Mood.ERRORS, Mood.SLOW])
def test_histories_are_linearizable(
    server: S3Server, broker: str, mood: Mood, tmp_path: Path
) -> None:
    chance = random.Random(str(mood))
    port = int(server.endpoint.rpartition(":")[2])
    with Proxy(lambda: port, chance) as proxy:
        jobs = [_jobs(f"127.0.0.1:{proxy.port}", server, broker) for _ in range(CLIENTS)]
        job = jobs[0].create("p", SPEC)
        history: list[Call] = []
        threads = [
            threading.Thread(target=_client, args=(each, job, history, random.Random(number)))
            for number, each in enumerate(jobs)
        ]
        proxy.mood = mood
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        proxy.mood = Mood.WELL
        assert proxy.failures > 0
        last = jobs[0].get(job.name)
    history.append(Call("read", time.monotonic(), time.monotonic() + 1, _value(last)))
    assert sum(call.ended < inf for call in history) > CLIENTS
    assert is_linearizable(history, START)


def _jobs(endpoint: str, server: S3Server, broker: str) -> DurableJobStore:
    store = S3Store(endpoint, "linear", server.access_key, server.secret_key)
    assert store.conditional in (True, False)  # asked while all is well
    return DurableJobStore(store, redis_guard(redis.Redis.from_url(broker)))


def _client(jobs: DurableJobStore, job: Job, history: list[Call], chance: random.Random) -> None:
    for _ in range(CALLS):
        what = chance.choice(["read", "raise", "raise", "cancel"])
        began = time.monotonic()
        try:
            answer = _value(_do(jobs, job.name, what))
            history.append(Call(what, began, time.monotonic(), answer))
        except (StoreUnavailable, BrokerUnavailable):
            history.append(Call(what, began, inf))


def _do(jobs: DurableJobStore, name: str, what: str) -> Job:
    if what == "read":
        return jobs.get(name)
    if what == "raise":
        return jobs.update(name, lambda job: job.model_copy(update={"fence": job.fence + 1}))
    return jobs.update(name, lambda job: job.model_copy(update={"cancel_requested": True}))


def _value(job: Job) -> Value:
    return Value(job.fence, job.cancel_requested)
