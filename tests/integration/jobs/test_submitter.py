from collections.abc import Iterator
from datetime import UTC, datetime
from typing import ClassVar

import kombu.serialization
import pytest
from kombu.exceptions import ContentDisallowed

from directrix.errors import BrokerUnavailable
from services.jobs import DiscoverySpec, Job, ModelRef
from services.jobs.redis_client import connect
from services.jobs.submitter import CelerySubmitter, celery_app
from services.settings import Settings
from tests.integration.servers import free_ports, valkey

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SPEC = DiscoverySpec(generator=ModelRef(name="projects/p/models/g", digest="a" * 64), method="sefa")
JOB = Job(id="d1", project="p", spec=SPEC, fence=3, create_time=NOW, update_time=NOW)


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    with valkey(tmp_path_factory.mktemp("valkey")) as url:
        yield Settings(redis_url=url)


def test_a_message_carries_a_name_and_a_number(settings: Settings) -> None:
    submitter = CelerySubmitter(settings)
    assert submitter.waiting() == set()
    submitter.submit(JOB)
    assert submitter.waiting() == {"projects/p/operations/d1"}
    (message,) = connect(settings).lrange(settings.queue, 0, -1)
    assert b"application/json" in message
    with celery_app(settings).connection_for_read() as connection:
        received = connection.SimpleQueue(settings.queue).get(timeout=5)
        assert received.payload[0] == ["projects/p/operations/d1", 3]
        assert received.headers["task"] == "directrix.step"
        received.ack()
    assert submitter.waiting() == set()


class Trap:
    """Leaves a mark where somebody unpickles it."""

    sprung: ClassVar[list[str]] = []

    def __reduce__(self) -> tuple[object, ...]:
        return Trap.sprung.append, ("sprung",)


def test_a_pickled_message_is_refused_unread(settings: Settings) -> None:
    app = celery_app(settings)
    refused: list[Exception] = []
    taken: list[object] = []
    kombu.serialization.enable_insecure_serializers(["pickle"])  # as a careless worker would
    try:
        with app.connection_for_write() as connection:
            queue = connection.SimpleQueue(settings.queue, serializer="pickle")
            queue.put(Trap())
            with app.amqp.TaskConsumer(connection, callbacks=[lambda *m: taken.append(m)]) as read:
                read.on_decode_error = lambda message, error: (
                    refused.append(error), message.reject()
                )  # fmt: skip
                read.consume()
                connection.drain_events(timeout=5)
    finally:
        kombu.serialization.disable_insecure_serializers()
    assert [type(error) for error in refused] == [ContentDisallowed]
    assert (taken, Trap.sprung) == ([], [])


def test_what_is_not_ours_in_the_queue_is_passed_over(settings: Settings) -> None:
    connect(settings).lpush(settings.queue, b"no json", b'{"headers": {}}', b"[]")
    assert CelerySubmitter(settings).waiting() == set()


def test_a_broker_out_of_reach_is_told_without_its_address() -> None:
    (port,) = free_ports(1)
    submitter = CelerySubmitter(Settings(redis_url=f"redis://:secret@127.0.0.1:{port}/0"))
    for action in (lambda: submitter.submit(JOB), submitter.waiting):
        with pytest.raises(BrokerUnavailable) as caught:
            action()
        assert "secret" not in str(caught.value)
        assert str(port) not in str(caught.value)
