"""A Ray of its own on loopback that deploys one configuration file after another.

`python -m tests.integration.serving.stage`: each line of its input is the path of a file and,
where one of its applications has to wait for room, that one's name and what its state will say,
between tabs. Deploys the file, and writes what it has become as a line of JSON: the states of the
applications, and their replicas with what Ray's own table of actors says that each holds.
"""

import json
import os
import sys
import tempfile
import time
from pathlib import Path

PATIENCE = 300.0
"""Seconds until applications run, or Ray Serve says what they wait for, on a busy machine."""


def main() -> int:
    """Guarded, as `services.serving.app` guards its own."""
    from services.serving.app import ray_environment
    from services.serving.guard import guard
    from services.settings import settings

    with tempfile.TemporaryDirectory(prefix="dx-", dir="/tmp") as folder:
        environment = {**ray_environment(settings(), Path(folder)), **os.environ}
        return guard([sys.executable, "-m", __spec__.name, folder], environment)


def play(folder: Path) -> None:
    from services.serving import applications, cluster
    from services.serving.guard import end_with_parent
    from services.settings import settings

    end_with_parent(folder)
    cluster.start_ray(settings(), folder, replicas=3)
    for line in sys.stdin:
        path, waiting, words = line.rstrip("\n").split("\t")
        applications.deploy(applications.read(Path(path)))
        print(json.dumps(_settled(waiting, words)), flush=True)


def _settled(waiting: str, words: str) -> dict:
    """When all applications run but `waiting`, whose state has these words."""
    from services.serving import applications

    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        states = applications.states()
        if states and all(
            words in state if name == waiting else state == applications.RUNNING
            for name, state in states.items()
        ):
            break
        time.sleep(0.2)
    return {"states": states, "replicas": _replicas()}


def _replicas() -> list[dict]:
    """Every replica that runs: its application, node, process, and the resources it holds."""
    from ray._private.state import state
    from ray._raylet import ActorID
    from ray.core.generated.gcs_pb2 import ActorTableData
    from ray.serve.context import _get_global_client

    accessor = state._connect_and_get_accessor()
    found = []
    for name, application in _get_global_client().get_serve_details()["applications"].items():
        for replica in application["deployments"].get("replica", {}).get("replicas", []):
            if replica["state"] != "RUNNING":
                continue
            row = accessor.get_actor_info(ActorID.from_hex(replica["actor_id"]))
            table = ActorTableData.FromString(row)
            found.append(
                {
                    "application": name,
                    "node": table.node_id.hex(),
                    "pid": replica["pid"],
                    "resources": dict(table.required_resources),
                }
            )
    return found


if __name__ == "__main__":
    if len(sys.argv) > 1:
        play(Path(sys.argv[1]))
    else:
        sys.exit(main())
