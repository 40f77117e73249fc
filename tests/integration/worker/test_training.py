"""Real workers train an encoder: killed or not, it is the same; cancelled, there is none."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from directrix.errors import ModelNotFound
from directrix.types import EncoderCard, Space
from services.artifacts.catalogue import Catalogue
from services.jobs import EncoderResult, EncoderSpec, Job, Stage, State
from services.worker.training import UNIT
from tests.integration.servers import seaweedfs
from tests.integration.worker.stand import Stand, stand
from tests.unit.services.worker.toy_world import register

STEPS = 20 * UNIT
MODEL = "toy-encoder"

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    folder: Path = tmp_path_factory.mktemp("training")
    with seaweedfs(folder / "s3") as s3, stand(folder, s3, "test-training") as found:
        yield found


@pytest.fixture(scope="module")
def expected(desk: Stand) -> EncoderResult:
    """What an undisturbed worker makes of the job."""
    desk.staff(1)
    return trained(desk.ended(start(desk)))


def start(desk: Stand) -> Job:
    """The one job of these tests, with nothing left of earlier ones."""
    for key in list(desk.store.keys(f"projects/default/models/{MODEL}")):
        desk.store.delete(key)
    generator, _ = register(desk.store)
    spec = EncoderSpec(generator=generator, space=Space.Z, steps=STEPS, model=MODEL)
    job = desk.jobs.create("default", spec)
    desk.submitter.submit(job)
    return job


def trained(job: Job) -> EncoderResult:
    assert job.state is State.SUCCEEDED, job.error
    assert isinstance(job.result, EncoderResult)
    return job.result


def under_way(job: Job) -> bool:
    return job.state.ended or (job.progress.stage is Stage.FIT and job.progress.done > UNIT)


def test_an_undisturbed_training(desk: Stand, expected: EncoderResult) -> None:
    entry = Catalogue(desk.store).model(MODEL)
    assert isinstance(entry.card, EncoderCard)
    assert (entry.name, entry.digest) == (expected.model, expected.digest)


def test_killed_workers(desk: Stand, expected: EncoderResult) -> None:
    """SIGKILL twice while it trains: the same encoder, at most one unit a kill done again."""
    (worker,) = desk.staff(1)
    job = start(desk)
    kills = 0
    for attempt in (1, 2):
        desk.until(job, lambda j, a=attempt: under_way(j) and (j.state.ended or j.attempt == a))
        if desk.jobs.get(job.name).state.ended:
            break
        desk.kill(worker)
        kills += 1
        (worker,) = desk.staff(1)
    assert trained(desk.ended(job)) == expected
    assert kills >= 1
    units = desk.computed(job)
    assert sum(units.values()) - len(units) <= kills, units


def test_cancellation(desk: Stand, expected: EncoderResult) -> None:
    desk.staff(1)
    job = start(desk)
    desk.until(job, under_way)
    asked = time.monotonic()
    desk.jobs.cancel(job.name)
    desk.signals.request_cancel(job.name)
    assert desk.until(job, lambda j: j.state.ended, seconds=10).state is State.CANCELLED
    assert time.monotonic() - asked < 3
    with pytest.raises(ModelNotFound):
        Catalogue(desk.store).model(MODEL)
    checkpoints = f"checkpoints/default/{job.id}/"
    desk.until(job, lambda j: list(desk.store.keys(checkpoints)) == [], seconds=5)
