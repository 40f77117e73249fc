"""A small Ray on loopback that serves until it is killed.

Started and ended by `services.serving.app`, which sets the environment. Ray takes SIGTERM for
itself and dies of it in pieces, so the guard above kills this process and all below it.
"""

import signal
import sys
from pathlib import Path

import ray
from ray import serve
from ray.serve.config import ProxyLocation, gRPCOptions

from services.serving.app import free_ports
from services.serving.deployment import SERVICER, application
from services.serving.guard import end_with_parent
from services.serving.loopback import LOOPBACK
from services.settings import Settings, settings

OBJECT_STORE_BYTES = 80 * 1024 * 1024
"""Nearly the least that Ray takes: no image goes through it."""


def main() -> None:
    folder = Path(sys.argv[1])
    end_with_parent(folder)
    start(settings(), folder)
    print("replicas are ready", flush=True)
    while True:
        signal.pause()


def start(config: Settings, folder: Path) -> None:
    """Ray and the application; returns when replicas are healthy."""
    port = config.inference_target.rpartition(":")[2]
    ray.init(
        _node_ip_address=LOOPBACK,
        _temp_dir=str(folder),
        include_dashboard=False,
        num_cpus=config.inference_replicas * config.threads,
        object_store_memory=OBJECT_STORE_BYTES,
        log_to_driver=False,
        runtime_env={"worker_process_setup_hook": "services.serving.loopback.bind_to_loopback"},
    )
    serve.start(
        proxy_location=ProxyLocation.HeadOnly,
        http_options={"host": LOOPBACK, "port": free_ports(1)[0]},
        grpc_options=gRPCOptions(
            port=int(port), grpc_servicer_functions=[SERVICER], enable_reflection=False
        ),
    )
    serve.run(application(config), name=config.inference_application, route_prefix="/")


if __name__ == "__main__":
    main()
