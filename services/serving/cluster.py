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

from services.serving import applications
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
    """Ray and what it serves; returns when replicas are healthy.

    Raises InvalidField for a `serve_file` that is none, ServingUnavailable where it cannot start.
    """
    if config.serve_file is None:
        start_ray(config, folder, config.inference_replicas)
        serve.run(application(config), name=config.inference_application, route_prefix="/")
        return
    wanted = applications.read(config.serve_file)
    start_ray(config, folder, applications.most_replicas(wanted))
    applications.deploy(wanted)
    for states in applications.follow():
        for name, state in states.items():
            print(f"application {name}: {state}", flush=True)


def start_ray(config: Settings, folder: Path, replicas: int) -> None:
    """Ray with room for so many replicas, and the ingress of Ray Serve."""
    port = config.inference_target.rpartition(":")[2]
    ray.init(
        _node_ip_address=LOOPBACK,
        _temp_dir=str(folder),
        include_dashboard=False,
        num_cpus=replicas * config.threads,
        num_gpus=config.serve_gpus,
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


if __name__ == "__main__":
    main()
