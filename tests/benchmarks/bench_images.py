"""Each image built, started as its user on a read-only root, and used.

The neighbours are real and on loopback: a stack without Ray. An image has started when its own
health check passes and it has answered one real request: the gateway an edit, the plain server of
the serving image a picture for that gateway, the worker a discovery out of a queue of its own.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from directrix.archive import pack_arrays
from directrix.client import ApiError, Client
from directrix.generators import linear
from directrix.types import ImageCard
from services.stack.probes import serves
from tests.benchmarks import image_records
from tests.benchmarks.evidence import Evidence
from tests.benchmarks.image_builds import Image, base_megabytes, build, make_bases
from tests.benchmarks.image_run import healthy, started, wait
from tests.benchmarks.system import System, running

IMAGES = ("gateway", "worker", "serving")
GENERATOR = "image-toy"
SECONDS = 300.0
PORTS = {"gateway": 27_051, "serving": 27_061}


def run(evidence: Evidence) -> None:
    make_bases()
    built = {name: image for name in IMAGES if (image := _build(evidence, name)) is not None}
    n = len(IMAGES)
    evidence.figure("built", len(built) / n, "share", at_least=1.0, n=n)
    evidence.row(wheel=True, **image_records.of_wheel())
    torch = [name for name in built if "torch" in image_records.packages(name)]
    evidence.figure("gateways_with_torch", torch.count("gateway"), "images", at_most=0)
    with tempfile.TemporaryDirectory() as folder, running(Path(folder), "lite") as system:
        times = {name: _start(evidence, image, system) for name, image in built.items()}
    alive = [seconds for seconds in times.values() if seconds is not None]
    evidence.figure("started", len(alive) / n, "share", at_least=1.0, n=n)
    base = round(base_megabytes())
    evidence.table(
        ("image", "MB", "of them its base", "components in its bill", "seconds to health"),
        [
            (name, round(image.megabytes), base, image_records.components(name), times[name])
            for name, image in built.items()
        ],
    )


def _build(evidence: Evidence, name: str) -> Image | None:
    """None where it cannot be built; a row tells why."""
    began = datetime.now(UTC)
    try:
        image = build(name, f"{name}.Dockerfile")
    except subprocess.CalledProcessError as error:
        evidence.row(image=name, built=False, error=str(error)[-500:])
        return None
    ended = datetime.now(UTC)
    told = image_records.of_image(image, *(f"{time:%FT%TZ}" for time in (began, ended)))
    seconds = round((ended - began).total_seconds())
    size = round(image.megabytes)
    evidence.row(
        image=name, built=True, digest=image.digest, megabytes=size, build_seconds=seconds, **told
    )
    return image


def _start(evidence: Evidence, image: Image, system: System) -> float | None:
    """Seconds to health of one image that also answers its request; None where it does not."""
    trial = Trial(image, system)
    try:
        with started(image, trial.settings) as process:
            seconds = wait(lambda: healthy(image, trial.settings, process), process, SECONDS)
            TRIALS[image.name](trial)
    except (ApiError, TimeoutError, AssertionError) as error:
        evidence.row(image=image.name, started=False, error=str(error)[-500:])
        return None
    evidence.row(image=image.name, started=True, seconds=round(seconds, 2))
    return round(seconds, 2)


@dataclass(frozen=True)
class Trial:
    """One image beside a running stack, whose settings it gets but for its own ports and queue."""

    image: Image
    system: System

    @property
    def shared(self) -> dict[str, str]:
        return json.loads((self.system.folder / "environment.json").read_text())

    @property
    def settings(self) -> dict[str, str]:
        own = {
            "gateway": {"DIRECTRIX_GATEWAY_PORT": str(PORTS["gateway"])},
            "serving": {"DIRECTRIX_INFERENCE_TARGET": f"127.0.0.1:{PORTS['serving']}"},
            "worker": {"DIRECTRIX_QUEUE": "images"},
        }
        return {**self.shared, **own[self.image.name]}

    @contextmanager
    def gateway(self, **settings: str) -> Iterator[Client]:
        """A gateway of this checkout with other settings."""
        with _process("services.gateway", {**self.shared, **settings}) as process:
            target = f"127.0.0.1:{settings['DIRECTRIX_GATEWAY_PORT']}"
            wait(lambda: serves(target), process, SECONDS)
            with Client(target) as client:
                yield client


def _edit(client: Client) -> None:
    arrays, _ = linear.planted([2.0, 1.0], pixels=64, seed=4)
    card = linear.card(GENERATOR, ImageCard(channels=1, height=8, width=8), z_dim=2)
    if GENERATOR not in {model.id for model in client.models()}:
        client.register_model(GENERATOR, card.model_dump_json(), pack_arrays(arrays))
    assert len(client.edit(GENERATOR, seed=2).png) > 50


def _try_gateway(trial: Trial) -> None:
    target = f"127.0.0.1:{PORTS['gateway']}"
    until = time.monotonic() + SECONDS
    while not serves(target):
        assert time.monotonic() < until, "the gateway does not find its neighbours"
        time.sleep(0.2)
    with Client(target) as client:
        _edit(client)


def _try_serving(trial: Trial) -> None:
    target = trial.settings["DIRECTRIX_INFERENCE_TARGET"]
    port = str(PORTS["gateway"] + 1)
    with trial.gateway(DIRECTRIX_GATEWAY_PORT=port, DIRECTRIX_INFERENCE_TARGET=target) as client:
        _edit(client)


def _try_worker(trial: Trial) -> None:
    port = str(PORTS["gateway"] + 2)
    with trial.gateway(DIRECTRIX_GATEWAY_PORT=port, DIRECTRIX_QUEUE="images") as client:
        _edit(client)
        job = client.discover(GENERATOR, "sefa", parameters={"components": 2})
        assert job.result(SECONDS).finding_count == 2


TRIALS: Mapping[str, Callable[[Trial], None]] = {
    "gateway": _try_gateway,
    "serving": _try_serving,
    "worker": _try_worker,
}


@contextmanager
def _process(module: str, settings: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        [sys.executable, "-m", module],
        env={**os.environ, **settings},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(60)
