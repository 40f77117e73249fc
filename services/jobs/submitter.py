"""Submitter: puts jobs into the queue. Messages carry a name and a number, nothing else.

The number is the record's fence when the message was sent: of several messages for one state of
a job the first one takes it up and the others find a higher fence and leave.

Invitations to help with a job are in a queue of their own, which workers look at last: whoever
waits for a first step is served before. They are no jobs: nobody counts them as waiting.
"""

import json
import logging
from abc import ABC, abstractmethod

import kombu.exceptions
import redis
from celery import Celery
from kombu import Queue

from directrix.errors import BrokerUnavailable
from services.jobs.job import Job
from services.jobs.queueing import HEADER, LAST, Fronts, help_queue, lists
from services.jobs.redis_client import connect, reaching_redis
from services.settings import Settings

_log = logging.getLogger(__name__)

STEP = "directrix.step"
"""Name of the one task: (job name, fence)."""

HELP = "directrix.help"
"""Name of the other one, for idle workers: (job name, fence)."""
INVITATIONS = 1000
"""No more are sent while so many wait: nobody is idle."""

_LOOK_AT = 10_000


class Submitter(ABC):
    @abstractmethod
    def submit(self, job: Job) -> None:
        """Asks for the next step of a job. Raises BrokerUnavailable."""

    @abstractmethod
    def leave(self, job: Job) -> None:
        """The job has ended or waits: the next one of its project takes its turn.

        Raises BrokerUnavailable.
        """

    @abstractmethod
    def invite(self, job: Job) -> None:
        """Asks whoever is idle to help with a job. Raises nothing: a job is done without, too."""

    @abstractmethod
    def waiting(self) -> set[str]:
        """Names of the jobs in the queue that no worker has received. Raises BrokerUnavailable."""


class CelerySubmitter(Submitter):
    """Sends by the task's name, so that senders need none of the worker's code."""

    def __init__(self, settings: Settings, app: Celery | None = None):
        self._app = app or celery_app(settings)
        self._queue = settings.queue
        self._redis = connect(settings)
        self._fronts = Fronts(self._redis, settings.queue)

    def submit(self, job: Job) -> None:
        try:
            self._app.send_task(
                STEP,
                args=[job.name, job.fence],
                queue=self._queue,
                priority=self._fronts.place(job),
                headers={HEADER: job.name, **job.origin},
                ignore_result=True,
                retry=False,
            )
        except (kombu.exceptions.OperationalError, redis.RedisError, OSError) as error:
            raise BrokerUnavailable("the broker (Redis or Valkey) cannot be reached") from error

    def leave(self, job: Job) -> None:
        with reaching_redis():
            self._fronts.leave(job)

    def invite(self, job: Job) -> None:
        queue = help_queue(self._queue)
        try:
            if self._redis.llen(lists(queue)[-1]) >= INVITATIONS:
                return
            self._app.send_task(
                HELP,
                args=[job.name, job.fence],
                queue=queue,
                priority=LAST,
                headers=job.origin,
                ignore_result=True,
                retry=False,
            )
        except (kombu.exceptions.OperationalError, redis.RedisError, OSError):
            _log.warning("%s: nobody can be asked for help for now", job.name)

    def waiting(self) -> set[str]:
        with reaching_redis():
            messages = [
                message
                for name in lists(self._queue)
                for message in self._redis.lrange(name, 0, _LOOK_AT)
            ]
        return {name for message in messages if (name := _job_name(message))}


class MemorySubmitter(Submitter):
    """Keeps what was submitted, for tests: (job name, fence) in order."""

    def __init__(self) -> None:
        self.queue: list[tuple[str, int]] = []
        self.invitations: list[tuple[str, int]] = []

    def submit(self, job: Job) -> None:
        self.queue.append((job.name, job.fence))

    def leave(self, job: Job) -> None:
        """One list only: nobody stands in front."""

    def invite(self, job: Job) -> None:
        self.invitations.append((job.name, job.fence))

    def waiting(self) -> set[str]:
        return {name for name, _ in self.queue}


def celery_app(settings: Settings) -> Celery:
    """Celery as senders and workers share it: JSON only, no results, no acknowledgement.

    A message is gone once it is received; whatever is lost with it the reconciler sends again. A
    worker whose acknowledgement is lost with the broker would count the message as its own for
    ever, and take no other.
    """
    app = Celery("directrix", broker=settings.redis_url.get_secret_value(), set_as_current=False)
    app.conf.update(
        task_serializer="json",
        accept_content=["json"],
        result_backend=None,
        task_ignore_result=True,
        task_default_queue=settings.queue,
        task_queues=[
            Queue(name, no_ack=True)  # type: ignore[no-untyped-call]
            for name in (settings.queue, help_queue(settings.queue))
        ],
        worker_prefetch_multiplier=1,
        worker_disable_prefetch=True,
        broker_transport_options={
            "queue_order_strategy": "sorted",  # a list of jobs before its like of invitations
            "health_check_interval": 25,
            "socket_timeout": 30,
            "socket_connect_timeout": 5,
            "socket_keepalive": True,
            "retry_on_timeout": True,
        },
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        worker_cancel_long_running_tasks_on_connection_loss=False,
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
        worker_send_task_events=False,
        worker_enable_remote_control=False,
    )
    return app


def _job_name(message: bytes | str) -> str:
    try:
        return str(json.loads(message)["headers"][HEADER])
    except (ValueError, KeyError, TypeError):
        return ""  # not ours
