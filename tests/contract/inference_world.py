"""A folder store with toy models whose answers are known, and the two servers over it."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from directrix import archive
from directrix.generators import linear as linear_generator
from directrix.predictors import linear as linear_predictor
from directrix.types import Direction, FindingSet, ImageCard, ModelCard, Provenance, Space
from services.artifacts.catalogue import Catalogue
from services.artifacts.folder import FolderStore
from services.inference.client import BlockingInferenceClient
from services.serving.guard import descendants

ROOT = Path(__file__).parents[2]
SECRET = "a secret of this test"
APPLICATION = "inference"
IMAGE = ImageCard(channels=1, height=8, width=8)
DIMENSION = 4


@dataclass(frozen=True)
class World:
    """Digests of what the store holds.

    The judge's scorers a and b read -z_0 and z_0 (in units of the planted axes), so moving along
    finding 0 flips it. `other` is a second generator, to which `foreign` belongs.
    """

    folder: Path
    generator: str
    other: str
    judge: str
    findings: str
    foreign: str


def build_world(folder: Path) -> World:
    catalogue = Catalogue(FolderStore(folder))
    arrays, axes = linear_generator.planted((8.0, 6.0, 4.5, 3.4), 64, seed=1)
    judge = linear_predictor.reading(arrays, np.stack([-axes[0], axes[0]]))
    generator = _put(catalogue, linear_generator.card("toy", IMAGE, DIMENSION), arrays)
    wider = {"A": arrays["A"] * 0.5, "b": arrays["b"]}
    other = _put(catalogue, linear_generator.card("other", IMAGE, DIMENSION), wider)
    return World(
        folder=folder,
        generator=generator,
        other=other,
        judge=_put(catalogue, linear_predictor.card("judge", IMAGE, "ab"), judge),
        findings=_put_axes(catalogue, generator, axes),
        foreign=_put_axes(catalogue, other, axes),
    )


def _put(catalogue: Catalogue, card: ModelCard, arrays: dict[str, np.ndarray]) -> str:
    packed = archive.pack_arrays(arrays)
    return catalogue.put_model(card.name, card.model_dump_json(), packed).digest


def _put_axes(catalogue: Catalogue, generator: str, axes: np.ndarray) -> str:
    findings = FindingSet(
        findings=tuple(Direction(Space.Z, axis, 1.0) for axis in axes),
        provenance=Provenance(method="by-hand", version="1", generator=generator),
    )
    catalogue.put_finding_set(findings)
    return archive.finding_set_digest(findings)


@contextmanager
def running(module: str, world: World, port: int, seconds: float) -> Iterator[str]:
    """`python -m module` over the world's store, its target; ended by its id."""
    target = f"127.0.0.1:{port}"
    environment = os.environ | {
        "PYTHONPATH": str(ROOT),
        "OMP_NUM_THREADS": "1",
        "DIRECTRIX_STORE_KIND": "folder",
        "DIRECTRIX_STORE_FOLDER": str(world.folder),
        "DIRECTRIX_INFERENCE_TARGET": target,
        "DIRECTRIX_INFERENCE_SECRET": SECRET,
        "DIRECTRIX_INFERENCE_APPLICATION": APPLICATION,
    }
    with tempfile.TemporaryFile() as log:
        server = subprocess.Popen(
            [sys.executable, "-m", module], env=environment, cwd=ROOT, stdout=log, stderr=log
        )
        try:
            with BlockingInferenceClient(target, SECRET, APPLICATION) as client:
                client.wait_ready(seconds)
            yield target
        except BaseException:
            log.seek(0)
            print(log.read().decode(errors="replace")[-4000:])
            raise
        finally:
            stop(server)


def stop(server: subprocess.Popen[bytes]) -> None:
    """TERM, then KILL; nothing that the server started may stay."""
    below = descendants(server.pid)
    server.terminate()
    try:
        server.wait(20)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()
    assert [pid for pid in below if Path(f"/proc/{pid}").exists()] == []
