"""The worker's parts put together, and the Celery application with its two tasks.

Pool: solo, one job at a time in the process that also keeps the lease. torch is never forked, a
SIGKILL ends everything at once and leaves no child computing, and memory is that of one process.
More jobs at a time are more workers.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from typing import Any

from celery import Celery

from directrix.devices import device
from services.artifacts import open_store
from services.artifacts.catalogue import Catalogue
from services.artifacts.watched import WatchedStore
from services.inference.client import BlockingInferenceClient
from services.jobs import AuditSpec, DiscoverySpec, EncoderSpec, Job, Result, open_jobs
from services.jobs.costs import Costs
from services.jobs.leases import RedisLeases
from services.jobs.redis_client import connect
from services.jobs.signals import RedisSignals
from services.jobs.submitter import HELP, STEP, CelerySubmitter, celery_app
from services.remote import open_exchange
from services.settings import Settings
from services.sight import ids, tracing
from services.trail import Trail, open_trail
from services.worker.attempt import Attempt, renewal_seconds
from services.worker.audits import Auditor
from services.worker.discovery import Discoverer
from services.worker.helping import Helper
from services.worker.janitor import Janitor
from services.worker.own_scoring import OwnScoring
from services.worker.reconciler import Reconciler
from services.worker.scoring import RemoteScoring, Scoring
from services.worker.step import Steps, Work
from services.worker.training import Trainer

JANITOR_SECONDS = 600.0
"""For so long after a janitor died nobody else takes its place."""


@dataclass(frozen=True)
class Worker:
    celery: Celery
    steps: Steps
    reconciler: Reconciler
    janitor: Janitor
    catalogue: Catalogue
    scoring: RemoteScoring
    trail: Trail


def build(settings: Settings, stopping: threading.Event) -> Worker:
    """Connects nothing yet. stopping: set to end what runs at its next safe point."""
    store = WatchedStore(open_store(settings))
    redis = connect(settings)
    jobs = open_jobs(store, redis)
    signals = RedisSignals(redis)
    leases = RedisLeases(redis, settings.lease_seconds)
    trail = open_trail(settings, store, "worker")
    celery = celery_app(settings)
    submitter = CelerySubmitter(settings, celery)
    client = BlockingInferenceClient(
        settings.inference_target,
        settings.inference_secret.get_secret_value(),
        settings.inference_application,
        settings.scoring_application,
        settings.explaining_application,
    )
    scoring = RemoteScoring(client, settings.inference_replicas)

    def catalogue(project: str) -> Catalogue:
        return Catalogue(store, project)

    discoverer = Discoverer(
        catalogue,
        scoring.of if settings.worker_scoring == "replicas" else _own_scoring(settings, catalogue),
        device(settings.device),
        settings.step_seconds,
        leases,
        submitter.invite,
    )
    helper = Helper(jobs, signals, submitter, discoverer.shards, stopping)

    def clean(job: Job) -> None:
        discoverer.clean(job.project, job.id)

    steps = Steps(
        jobs,
        leases,
        signals,
        submitter,
        _work(settings, catalogue, discoverer),
        clean,
        Costs(store).remember,
        settings.lease_seconds,
        stopping,
        trail=trail,
    )
    _serve(celery, STEP, steps.run)
    _serve(celery, HELP, helper.run)
    own = RedisLeases(redis, max(settings.lease_seconds, 3 * settings.reconcile_seconds))
    reconciler = Reconciler(
        jobs,
        own,
        signals,
        submitter,
        clean,
        grace=timedelta(seconds=2 * renewal_seconds(settings.lease_seconds)),
    )
    janitor = Janitor(
        store,
        jobs,
        RedisLeases(redis, JANITOR_SECONDS),
        settings.job_days,
        settings.garbage_hours,
        settings.janitor_dry,
    )
    found = Catalogue(store, settings.project)
    return Worker(celery, steps, reconciler, janitor, found, scoring, trail)


def _own_scoring(
    settings: Settings, catalogue: Callable[[str], Catalogue]
) -> Callable[[str], Scoring]:
    """By project; the models of the last one stay."""
    on, exchange = device(settings.device), open_exchange(settings)
    return lru_cache(1)(lambda project: OwnScoring(catalogue(project), on, exchange))


def _work(
    settings: Settings, catalogue: Callable[[str], Catalogue], discoverer: Discoverer
) -> Work:
    """What goes on with a job, by its kind."""
    on = device(settings.device)
    trainer = Trainer(catalogue, on, settings.step_seconds)
    auditor = Auditor(catalogue, on, settings.step_seconds, open_exchange(settings))

    def work(attempt: Attempt) -> Result | None:
        match attempt.job.spec:
            case DiscoverySpec():
                return discoverer(attempt)
            case EncoderSpec():
                return trainer(attempt)
            case AuditSpec():
                return auditor(attempt)

    return work


def _serve(celery: Celery, name: str, run: Callable[[str, int], None]) -> None:
    """Makes one of the application's tasks of it. run: takes a job's name and a fence."""

    def task(task: Any, operation: str, fence: int) -> None:
        headers = task.request.headers or {}
        with (
            ids.bound(operation=operation, **ids.of_headers(headers)),
            tracing.arrival(
                name.rpartition(".")[2], tracing.of_metadata(headers.items()), "consumer"
            ) as span,
        ):
            span.set(operation=operation, fence=fence)
            run(operation, fence)

    celery.task(task, name=name, bind=True)
