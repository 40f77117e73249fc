"""Leases and signals keep their promises in memory and over a real broker."""

import time
from collections.abc import Iterator

import pytest
import redis

from directrix.errors import BrokerUnavailable
from services.jobs import Progress, Stage
from services.jobs.leases import Leases, MemoryLeases, RedisLeases
from services.jobs.signals import MemorySignals, RedisSignals, Signals
from tests.integration.servers import free_ports, valkey

SECONDS = 0.4


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[redis.Redis]:
    with valkey(tmp_path_factory.mktemp("valkey")) as url:
        yield redis.Redis.from_url(url)


@pytest.fixture(params=["memory", "redis"])
def leases(request: pytest.FixtureRequest) -> Leases:
    if request.param == "memory":
        return MemoryLeases(SECONDS)
    return RedisLeases(request.getfixturevalue("broker"), SECONDS)


@pytest.fixture(params=["memory", "redis"])
def signals(request: pytest.FixtureRequest) -> Signals:
    if request.param == "memory":
        return MemorySignals()
    return RedisSignals(request.getfixturevalue("broker"))


def lose(leases: Leases, request: pytest.FixtureRequest) -> None:
    if isinstance(leases, MemoryLeases):
        leases.lose()
    else:
        request.getfixturevalue("broker").flushall()


def test_one_holder_at_a_time(leases: Leases) -> None:
    first = leases.take("a")
    assert first is not None
    assert leases.held("a")
    assert leases.take("a") is None
    other = leases.take("b")
    assert other is not None
    assert other.token != first.token
    first.release()
    other.release()
    assert not leases.held("a")


def test_a_lease_lives_as_long_as_it_is_renewed(leases: Leases) -> None:
    lease = leases.take("c")
    assert lease is not None
    for _ in range(4):
        time.sleep(SECONDS / 2)
        assert lease.renew(lambda: False)
    time.sleep(SECONDS * 1.5)
    assert not leases.held("c")
    assert not lease.renew(lambda: False)


def test_who_comes_late_neither_renews_nor_releases(leases: Leases) -> None:
    late = leases.take("d")
    assert late is not None
    time.sleep(SECONDS * 1.5)
    now = leases.take("d")
    assert now is not None
    assert not late.renew(lambda: True)
    late.release()
    assert leases.held("d")
    assert now.renew(lambda: False)


def test_a_forgotten_lease_comes_back_if_nobody_took_over(
    leases: Leases, request: pytest.FixtureRequest
) -> None:
    lease = leases.take("e")
    assert lease is not None
    lose(leases, request)
    assert not leases.held("e")
    assert not lease.renew(lambda: False)
    assert lease.renew(lambda: True)
    assert leases.take("e") is None


def test_a_lease_from_before_the_brokers_clock_was_set_back_ends_all_the_same(
    broker: redis.Redis,
) -> None:
    leases = RedisLeases(broker, SECONDS)
    for ask in (leases.held, leases.take):
        dead = leases.take("f")
        assert dead is not None
        (key,) = broker.keys("*f")
        broker.pexpire(key, 3_600_000)  # its hour lies ahead of the clock
        ask("f")
        time.sleep(SECONDS * 1.5)
        assert not leases.held("f")


def test_progress_and_cancellation(signals: Signals) -> None:
    name = "projects/p/findingSets/f"
    progress = Progress(stage=Stage.FIT, done=2, total=3, note="almost", finding_set=name)
    assert signals.progress("s") is None
    signals.report("s", progress)
    assert signals.progress("s") == progress
    assert not signals.cancel_requested("s")
    signals.request_cancel("s")
    assert signals.cancel_requested("s")
    signals.clear("s")
    assert signals.progress("s") is None
    assert not signals.cancel_requested("s")


def test_a_broker_out_of_reach() -> None:
    (port,) = free_ports(1)
    client = redis.Redis(port=port, socket_connect_timeout=0.5, retry=None)
    leases = RedisLeases(client, 1)
    with pytest.raises(BrokerUnavailable) as caught:
        leases.take("x")
    assert str(port) not in caught.value.message
    with pytest.raises(BrokerUnavailable):
        leases.held("x")
    silent = RedisSignals(client)
    silent.report("x", Progress())
    silent.request_cancel("x")
    assert silent.progress("x") is None
    assert not silent.cancel_requested("x")
