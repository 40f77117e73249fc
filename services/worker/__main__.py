"""`python -m services.worker`: publishes the methods, then works and reconciles until TERM."""

import logging
import sys
import threading
import time

from celery import signals

from directrix.devices import limit_threads
from directrix.errors import StoreUnavailable
from services.settings import settings
from services.sight import tracing
from services.sight.logs import take_over_logging
from services.sight.metrics import expose
from services.worker.app import Worker, build
from services.worker.heartbeat import Heartbeat
from services.worker.publishing import method_entries

_log = logging.getLogger("services.worker")

STORE_SECONDS = 60.0
"""How long a worker waits for its store at start before it gives up."""


def main() -> int:
    config = settings()
    take_over_logging("worker", config)
    page, end_traces = expose(config, "worker"), tracing.start(config, "worker")
    limit_threads(config.threads)
    stopping = threading.Event()
    worker = build(config, stopping)
    publish(worker)
    signals.worker_shutting_down.connect(lambda **_: stopping.set(), weak=False)
    rounds = {
        "reconciler": (worker.reconciler.run, config.reconcile_seconds),
        "janitor": (worker.janitor.run, config.janitor_seconds),
    }
    threads = [
        threading.Thread(target=run, args=(seconds, stopping), name=name, daemon=True)
        for name, (run, seconds) in rounds.items()
    ]
    for thread in threads:
        thread.start()
    beat = Heartbeat(config.worker_heartbeat)
    signals.worker_ready.connect(lambda **_: beat.start(), weak=False)
    consumer = worker.celery.Worker(
        pool="solo",
        concurrency=1,
        loglevel="INFO",
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
    )
    consumer.start()
    stopping.set()
    for thread in threads:
        thread.join(timeout=5)
    worker.scoring.close()
    worker.trail.close()
    if page is not None:
        page.close()
    end_traces()
    return int(consumer.exitcode or 0)


def publish(worker: Worker) -> None:
    """Raises StoreUnavailable where the store does not come up in time."""
    entries = method_entries()
    end = time.monotonic() + STORE_SECONDS
    while True:
        try:
            worker.catalogue.put_methods(entries)
            break
        except StoreUnavailable:
            if time.monotonic() > end:
                raise
            _log.warning("waiting for the artifact store")
            time.sleep(1)
    _log.info("methods: %s", ", ".join(entry.name for entry in entries))


if __name__ == "__main__":
    sys.exit(main())
