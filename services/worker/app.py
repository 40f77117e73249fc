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

import redis
from celery import Celery

from directrix.devices import device
from services.artifacts import open_store
from services.artifacts.catalogue import Catalogue
from services.artifacts.store import ArtifactStore
from services.artifacts.watched import WatchedStore
from services.inference.client import BlockingInferenceClient
from services.jobs import AuditSpec, DiscoverySpec, EncoderSpec, Job, JobStore, Result, open_jobs
from services.jobs.costs import Costs
from services.jobs.leases import Leases, RedisLeases
from services.jobs.redis_client import connect
from services.jobs.signals import RedisSignals, Signals
from services.jobs.submitter import HELP, STEP, CelerySubmitter, Submitter, celery_app
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


@dataclass(frozen=True)
class _Parts:
    """What everything in a worker shares."""

    settings: Settings
    store: ArtifactStore
    redis: redis.Redis
    jobs: JobStore
    leases: Leases
    signals: Signals
    submitter: Submitter

    def catalogue(self, project: str) -> Catalogue:
        return Catalogue(self.store, project)


def build(settings: Settings, stopping: threading.Event) -> Worker:
    """Connects nothing yet. stopping: set to end what runs at its next safe point."""
    celery = celery_app(settings)
    parts = _parts(settings, celery)
    trail = open_trail(settings, parts.store, "worker")
    scoring = _replicas(settings)
    discoverer = _discoverer(parts, scoring)
    helper = Helper(parts.jobs, parts.signals, parts.submitter, discoverer.shards, stopping)

    def clean(job: Job) -> None:
        discoverer.clean(job.project, job.id)

    steps = Steps(
        parts.jobs,
        parts.leases,
        parts.signals,
        parts.submitter,
        _work(parts, discoverer),
        clean,
        Costs(parts.store).remember,
        settings.lease_seconds,
        stopping,
        trail=trail,
    )
    _serve(celery, STEP, steps.run)
    _serve(celery, HELP, helper.run)
    reconciler, janitor = _reconciler(parts, clean), _janitor(parts)
    found = parts.catalogue(settings.project)
    return Worker(celery, steps, reconciler, janitor, found, scoring, trail)


def _parts(settings: Settings, celery: Celery) -> _Parts:
    store = WatchedStore(open_store(settings))
    client = connect(settings)
    return _Parts(
        settings,
        store,
        client,
        open_jobs(store, client),
        RedisLeases(client, settings.lease_seconds),
        RedisSignals(client),
        CelerySubmitter(settings, celery),
    )


def _replicas(settings: Settings) -> RemoteScoring:
    client = BlockingInferenceClient(
        settings.inference_target,
        settings.inference_secret.get_secret_value(),
        settings.inference_application,
        settings.scoring_application,
        settings.explaining_application,
    )
    return RemoteScoring(client, settings.inference_replicas)


def _discoverer(parts: _Parts, scoring: RemoteScoring) -> Discoverer:
    settings = parts.settings
    return Discoverer(
        parts.catalogue,
        scoring.of if settings.worker_scoring == "replicas" else _own_scoring(parts),
        device(settings.device),
        settings.step_seconds,
        parts.leases,
        parts.submitter.invite,
    )


def _own_scoring(parts: _Parts) -> Callable[[str], Scoring]:
    """By project; the models of the last one stay."""
    on, exchange = device(parts.settings.device), open_exchange(parts.settings)
    return lru_cache(1)(lambda project: OwnScoring(parts.catalogue(project), on, exchange))


def _work(parts: _Parts, discoverer: Discoverer) -> Work:
    """What goes on with a job, by its kind."""
    settings = parts.settings
    on = device(settings.device)
    trainer = Trainer(parts.catalogue, on, settings.step_seconds)
    auditor = Auditor(parts.catalogue, on, settings.step_seconds, open_exchange(settings))

    def work(attempt: Attempt) -> Result | None:
        match attempt.job.spec:
            case DiscoverySpec():
                return discoverer(attempt)
            case EncoderSpec():
                return trainer(attempt)
            case AuditSpec():
                return auditor(attempt)

    return work


def _reconciler(parts: _Parts, clean: Callable[[Job], None]) -> Reconciler:
    settings = parts.settings
    own = max(settings.lease_seconds, 3 * settings.reconcile_seconds)
    return Reconciler(
        parts.jobs,
        RedisLeases(parts.redis, own),
        parts.signals,
        parts.submitter,
        clean,
        grace=timedelta(seconds=2 * renewal_seconds(settings.lease_seconds)),
    )


def _janitor(parts: _Parts) -> Janitor:
    settings = parts.settings
    return Janitor(
        parts.store,
        parts.jobs,
        RedisLeases(parts.redis, JANITOR_SECONDS),
        settings.job_days,
        settings.garbage_hours,
        settings.janitor_dry,
    )


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
