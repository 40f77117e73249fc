"""Applications as a configuration file of Ray Serve writes them, on the Ray of this machine.

The same file that `serve run` and KubeRay take, handed to the same controller. Only where it
listens is left to the settings.
"""

import logging
import time
from collections.abc import Iterator
from pathlib import Path

import yaml
from pydantic import ValidationError
from ray import serve
from ray.serve.context import _get_global_client
from ray.serve.schema import ServeDeploySchema

from directrix.errors import InvalidField, ServingUnavailable
from services.serving.placement import Placement

logger = logging.getLogger(__name__)

RUNNING, FAILED = "RUNNING", "DEPLOY_FAILED"
LOOK_SECONDS = 0.25


def read(path: Path) -> ServeDeploySchema:
    """The file, checked against Ray Serve's schema and ours. Raises InvalidField."""
    try:
        found = ServeDeploySchema.model_validate(yaml.safe_load(path.read_text()))
        _placements(found)
    except (OSError, ValueError, ValidationError, yaml.YAMLError) as error:
        raise InvalidField(f"{path} configures no applications: {error}", field="file") from error
    return found


def most_replicas(config: ServeDeploySchema) -> int:
    """How many replicas all applications together may have."""
    return sum(max(each.min_replicas, each.max_replicas) for each in _placements(config))


def deploy(config: ServeDeploySchema) -> None:
    """Hands the applications to Ray Serve, which has been started; those it had before are ended.

    Returns before they run: `follow` tells how they are.
    """
    _get_global_client().deploy_apps(config)


def states() -> dict[str, str]:
    """Application -> Ray Serve's word for its state, and why where it does not run."""
    found = {}
    for name, application in serve.status().applications.items():
        reasons = [application.message, *(d.message for d in application.deployments.values())]
        words = [str(application.status.value), *filter(None, reasons)]
        found[name] = words[0] if words[0] == RUNNING else ": ".join(dict.fromkeys(words))
    return found


def follow() -> Iterator[dict[str, str]]:
    """The states whenever they have changed, until all applications run.

    A replica that no node has room for stays where it is until there is room: DEPLOYING, with what
    it asks for and what there is. Raises ServingUnavailable where an application cannot start.
    """
    known: dict[str, str] = {}
    while not known or any(state != RUNNING for state in known.values()):
        now = states()
        if now != known:
            known = now
            yield now
        for name, state in now.items():
            if state.startswith(FAILED):
                raise ServingUnavailable(f"application {name}: {state}", application=name)
        time.sleep(LOOK_SECONDS)


def _placements(config: ServeDeploySchema) -> list[Placement]:
    return [Placement.model_validate(each.args) for each in config.applications]
