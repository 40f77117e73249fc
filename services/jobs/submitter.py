"""Submitter: puts jobs into the queue. Messages carry a name and a number, nothing else.

The number is the record's fence when the message was sent: of several messages for one state of
a job the first one takes it up and the others find a higher fence and leave.
"""

import json
from abc import ABC, abstractmethod

import kombu.exceptions
import redis
from celery import Celery
from kombu import Queue

from directrix.errors import BrokerUnavailable
from services.jobs.job import Job
from services.jobs.queueing import HEADER, Fronts, lists
from services.jobs.redis_client import connect, reaching_redis
from services.settings import Settings

STEP = "directrix.step"
"""Name of the one task: (job name, fence)."""

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

    def submit(self, job: Job) -> None:
        self.queue.append((job.name, job.fence))

    def leave(self, job: Job) -> None:
        """One list only: nobody stands in front."""

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
        task_queues=[Queue(settings.queue, no_ack=True)],  # type: ignore[no-untyped-call]
        worker_prefetch_multiplier=1,
        worker_disable_prefetch=True,
        broker_transport_options={
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
