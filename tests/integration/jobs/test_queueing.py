"""Whose message a worker gets next: on a real broker, by the lists of Celery's transport."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from services.jobs import DiscoverySpec, Job, ModelRef, Priority
from services.jobs.queueing import Fronts, help_queue, lists
from services.jobs.redis_client import connect
from services.jobs.submitter import INVITATIONS, CelerySubmitter, celery_app
from services.settings import Settings
from tests.integration.servers import valkey

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SPEC = DiscoverySpec(generator=ModelRef(name="projects/p/models/g", digest="a" * 64), method="sefa")


class Office:
    """Jobs that are sent, and a worker that takes one message after the other."""

    def __init__(self, settings: Settings):
        self.submitter = CelerySubmitter(settings)
        self.redis = connect(settings)
        self._jobs: dict[str, Job] = {}
        self._channel = celery_app(settings).connection_for_read().channel()
        self._queue, self._settings = settings.queue, settings

    def send(self, project: str, name: str, priority: Priority = Priority.NORMAL) -> None:
        job = Job(
            id=name, project=project, spec=SPEC, priority=priority, create_time=NOW, update_time=NOW
        )
        self._jobs[job.name] = job
        self.submitter.submit(job)

    def invite(self, name: str) -> None:
        self.submitter.invite(self._jobs[name])

    def take(self) -> Job | None:
        """The first message of the first list that has any, as BRPOP over them gives it."""
        found = self.redis.brpop([self._queue_of(number) for number in (0, 3, 6, 9)], timeout=0.2)
        if found is None:
            return None
        return self._jobs[json.loads(found[1])["headers"]["directrix_job"]]

    def work(self, steps: int) -> list[str]:
        """Takes jobs, each of `steps` steps; the order in which they had theirs."""
        done: dict[str, int] = {}
        order = []
        while (job := self.take()) is not None:
            order.append(job.id)
            done[job.id] = done.get(job.id, 0) + 1
            if done[job.id] == steps:
                self.submitter.leave(job)
            else:
                self.submitter.submit(job)
        return order

    def looked_at(self) -> list[str]:
        """The queues of a worker, as it looks at their lists of one number, time after time."""
        app = celery_app(self._settings)
        channel = app.connection_for_read().channel()
        for queue in app.amqp.queues.values():
            channel._active_queues.append(queue.name)
        channel._update_queue_cycle()
        rounds = []
        for _ in range(3):
            rounds.append(channel._queue_cycle.consume(2))
            channel._queue_cycle.rotate(rounds[-1][0])
        assert rounds[0] == rounds[1] == rounds[2]
        return rounds[0]

    def _queue_of(self, number: int) -> str:
        return self._channel._q_for_pri(self._queue, number)


@pytest.fixture
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with valkey(tmp_path_factory.mktemp("valkey")) as url:
        yield Office(Settings(redis_url=url))


def test_the_lists_are_those_that_the_transport_looks_at(office: Office) -> None:
    assert lists("directrix") == [office._queue_of(number) for number in (0, 3, 6, 9)]


def test_a_project_with_one_job_does_not_wait_for_another_ones_many(office: Office) -> None:
    for number in range(6):
        office.send("many", f"m{number}")
    office.send("one", "o")
    order = office.work(steps=2)
    assert order.index("o") <= 1
    assert order[:4] == ["m0", "o", "m0", "o"]
    assert order[4:] == [f"m{number}" for number in range(1, 6) for _ in range(2)]


def test_projects_take_turns_however_many_jobs_they_have(office: Office) -> None:
    for number in range(20):
        office.send("a", f"a{number}")
    for number in range(10):
        office.send("b", f"b{number}")
    order = office.work(steps=1)
    assert sorted(order) == sorted([*(f"a{n}" for n in range(20)), *(f"b{n}" for n in range(10))])
    for turn in range(0, 20, 2):
        assert {name[0] for name in order[turn : turn + 2]} == {"a", "b"}


def test_within_a_project_priorities_count(office: Office) -> None:
    office.send("p", "low", Priority.LOW)
    office.send("p", "normal")
    office.send("p", "high", Priority.HIGH)
    office.send("p", "later", Priority.HIGH)
    order = office.work(steps=1)
    assert order == ["high", "later", "normal", "low"]


def test_the_waiting_are_found_in_all_lists(office: Office) -> None:
    for name, priority in (("a", Priority.NORMAL), ("b", Priority.LOW), ("c", Priority.NORMAL)):
        office.send("p", name, priority)
    assert office.submitter.waiting() == {f"projects/p/operations/{name}" for name in "abc"}


def test_a_broker_that_forgets_who_stands_in_front_loses_no_message(office: Office) -> None:
    for number in range(3):
        office.send("p", f"j{number}")
    office.redis.delete("directrix:front:p")
    assert sorted(office.work(steps=1)) == ["j0", "j1", "j2"]


def test_a_project_whose_name_begins_like_another_ones_keeps_its_place(office: Office) -> None:
    office.send("a-b", "x0")
    office.send("a-b", "x1")
    office.send("a", "y0")
    office.send("a", "y1")
    first = Job(id="y0", project="a", spec=SPEC, create_time=NOW, update_time=NOW)
    Fronts(office.redis, "directrix").leave(first)
    assert office.redis.hget("directrix:front:a", "job") == b"projects/a/operations/y1"
    assert office.redis.hget("directrix:front:a-b", "job") == b"projects/a-b/operations/x0"


def test_invitations_come_after_all_jobs_and_are_none(office: Office) -> None:
    office.send("p", "small", Priority.LOW)
    office.send("p", "other", Priority.LOW)
    office.invite("projects/p/operations/small")
    (last,) = office.redis.keys("*-help*")
    queue = help_queue("directrix")
    assert last.decode() == lists(queue)[-1]
    assert office.submitter.waiting() == {
        "projects/p/operations/small",
        "projects/p/operations/other",
    }
    assert office.looked_at() == ["directrix", queue]
    assert office.work(1) == ["small", "other"]
    assert office.redis.llen(last) == 1


def test_nobody_is_invited_where_nobody_is_idle(office: Office) -> None:
    office.send("p", "small")
    for _ in range(INVITATIONS + 5):
        office.redis.lpush(lists(help_queue("directrix"))[-1], "waits")
    office.invite("projects/p/operations/small")
    assert b"small" not in b"".join(office.redis.lrange(lists(help_queue("directrix"))[-1], 0, -1))
