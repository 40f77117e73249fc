"""Metrics: what is counted and timed in this process, in the names that dashboards know.

Of calls: `calls.py`. Here what is ours. Labels are bounded: stages, states, methods and reasons of
our own catalogue; never a name that a caller made up.
"""

import platform
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import version
from time import perf_counter
from wsgiref.simple_server import WSGIServer

from prometheus_client import Counter, Gauge, Histogram, start_http_server

from services.settings import Settings

SECONDS = (.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60)  # fmt: skip
"""Upper bounds for what somebody waits for."""
LONG = (1, 5, 15, 30, 60, 120, 300, 600, 1800, 3600, 4 * 3600, 24 * 3600)
"""Upper bounds for jobs, in seconds."""

BUILD = Gauge("directrix_build_info", "What runs here; always 1.", ["version", "python", "service"])

EDIT_STAGE = Histogram(
    "directrix_edit_stage_seconds",
    "Where the time of edits goes: resolve (names), queue (at the gateway), serving_queue and"
    " compute (at the replica, once a batch), encode (picture).",
    ["stage"],
    buckets=SECONDS,
)
BATCH_IMAGES = Histogram(
    "directrix_batch_images", "Images of one internal call.", buckets=(1, 2, 4, 8, 16, 32, 64)
)
WAITING_IMAGES = Gauge("directrix_waiting_images", "Images that wait at the gateway.")
FAILURES = Counter("directrix_failures_total", "Calls that ended with an error.", ["reason"])
EXPLAIN_FLIP = Counter(
    "directrix_explain_flip_total", "Explanations by what was found.", ["outcome"]
)
LOOKUPS = Counter("directrix_lookups_total", "Names looked up: hit or miss.", ["outcome"])

JOBS_OUTSTANDING = Gauge(
    "directrix_jobs_outstanding",
    "Jobs that have not ended, as the worker that reconciles last saw them. Scale on their sum.",
    ["state"],
)
JOB_WAIT = Histogram(
    "directrix_job_wait_seconds", "From acceptance to the first step.", ["method"], buckets=LONG
)
JOB_DURATION = Histogram(
    "directrix_job_duration_seconds",
    "From acceptance to the end.",
    ["method", "outcome"],
    buckets=LONG,
)
JOB_FAILURES = Counter("directrix_job_failures_total", "Jobs that failed for good.", ["reason"])
STEPS = Counter("directrix_job_steps_total", "Steps of jobs.", ["outcome"])
STEP_SECONDS = Histogram(
    "directrix_job_step_seconds", "Seconds that steps of jobs compute.", buckets=LONG
)
SHARDS = Counter(
    "directrix_population_shards_total",
    "Shards of populations that this worker has computed: as the job's owner, or as a helper.",
    ["by"],
)
REQUEUED = Counter("directrix_jobs_requeued_total", "Jobs sent again, for nobody was at them.")
COMMITS = Counter(
    "directrix_artifact_commits_total",
    "Results that jobs made visible.",
    ["kind"],
)
STORE_SECONDS = Histogram(
    "directrix_store_seconds",
    "Calls of the object store.",
    ["operation", "outcome"],
    buckets=SECONDS,
)
MODEL_SECONDS = Histogram(
    "directrix_serving_pass_seconds",
    "Work at a replica: waiting for the model thread, and in it.",
    ["stage"],
    buckets=SECONDS,
)


@contextmanager
def timed(histogram: Histogram, **labels: str) -> Iterator[None]:
    """Observes the seconds of the body, also where it fails."""
    began = perf_counter()
    try:
        yield
    finally:
        (histogram.labels(**labels) if labels else histogram).observe(perf_counter() - began)


class States:
    """A gauge by label that one process at a time has a right to: others show nothing."""

    def __init__(self, gauge: Gauge):
        self._gauge = gauge

    def show(self, counts: Mapping[str, int]) -> None:
        for label, count in counts.items():
            self._gauge.labels(label).set(count)

    def forget(self) -> None:
        self._gauge.clear()


class Page:
    """The metrics of this process over HTTP; `close` ends its thread."""

    def __init__(self, server: WSGIServer, thread: threading.Thread):
        self._server = server
        self._thread = thread

    @property
    def port(self) -> int:
        return int(self._server.server_port)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def expose(settings: Settings, service: str) -> Page | None:
    """Serves the page where the settings name a port for it; 0 is any free one.

    Raises OSError where it cannot listen there.
    """
    BUILD.labels(version("directrix"), platform.python_version(), service).set(1)
    if settings.metrics_port is None:
        return None
    return Page(*start_http_server(settings.metrics_port, settings.metrics_host))
