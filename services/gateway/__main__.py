"""Serves until TERM or INT: python -m services.gateway"""

import asyncio
import signal
import sys

from directrix.errors import DirectrixError
from services.artifacts import open_store
from services.artifacts.watched import WatchedStore
from services.gateway.log import Log
from services.gateway.server import Behind, Gateway
from services.inference.client import InferenceClient
from services.jobs import open_jobs
from services.jobs.redis_client import connect
from services.jobs.signals import RedisSignals
from services.jobs.submitter import CelerySubmitter
from services.settings import Settings, settings
from services.sight import tracing
from services.sight.logs import secrets_of, take_over_logging
from services.sight.metrics import expose
from services.sight.redaction import Redactor
from services.trail import open_trail


def main() -> int:
    """The exit status: 0 after a stop that was asked for, 2 for settings that cannot be."""
    config = settings()
    redactor = Redactor(secrets_of(config))
    log = Log(sys.stderr, redactor, config.log_level)
    take_over_logging("gateway", config)
    try:
        behind = _behind(config)
        gateway = Gateway(config, behind, log)
    except DirectrixError as error:
        log.event("refused", reason=error.reason, message=error.message)
        return 2
    page, end_traces = expose(config, "gateway"), tracing.start(config, "gateway", redactor)
    asyncio.run(_serve(gateway))
    behind.trail.close()
    if page is not None:
        page.close()
    end_traces()
    return 0


async def _serve(gateway: Gateway) -> None:
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    await gateway.start()
    await stopped.wait()
    await gateway.stop()


def _behind(config: Settings) -> Behind:
    store = WatchedStore(open_store(config))
    redis = connect(config)
    return Behind(
        artifacts=store,
        jobs=open_jobs(store, redis),
        signals=RedisSignals(redis),
        submitter=CelerySubmitter(config),
        inference=InferenceClient(
            config.inference_target,
            config.inference_secret.get_secret_value(),
            config.inference_application,
            config.scoring_application,
            config.explaining_application,
        ),
        trail=open_trail(config, store, "gateway"),
    )


if __name__ == "__main__":
    sys.exit(main())
