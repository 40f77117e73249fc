"""Serves until TERM or INT: python -m services.gateway"""

import asyncio
import signal
import sys

from directrix.errors import DirectrixError
from services.artifacts import open_store
from services.gateway.log import Log
from services.gateway.server import Behind, Gateway, check_loopback
from services.inference.client import InferenceClient
from services.jobs import open_jobs
from services.jobs.redis_client import connect
from services.jobs.signals import RedisSignals
from services.jobs.submitter import CelerySubmitter
from services.settings import Settings, settings


def main() -> int:
    """The exit status: 0 after a stop that was asked for, 2 for settings that cannot be."""
    config = settings()
    log = Log(sys.stderr)
    try:
        check_loopback(config.gateway_host)
        behind = _behind(config)
    except DirectrixError as error:
        log.event("refused", reason=error.reason, message=error.message)
        return 2
    asyncio.run(_serve(Gateway(config, behind, log)))
    return 0


async def _serve(gateway: Gateway) -> None:
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    await gateway.start()
    await stopped.wait()
    await gateway.stop()


def _behind(config: Settings) -> Behind:
    store = open_store(config)
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
    )


if __name__ == "__main__":
    sys.exit(main())
