"""The training of an encoder is the same whatever interrupts it."""

import pytest
import torch

from directrix import inversion
from directrix.archive import unpack_model
from directrix.errors import ModelNotFound
from directrix.types import EncoderCard, Space
from services.artifacts.catalogue import Catalogue
from services.artifacts.memory import MemoryStore
from services.jobs import EncoderResult, EncoderSpec, Job, Stage, State
from services.jobs.durable import DurableJobStore
from services.jobs.leases import MemoryLeases
from services.jobs.signals import MemorySignals
from services.jobs.submitter import MemorySubmitter
from services.worker.reconciler import Reconciler
from services.worker.step import Steps
from services.worker.training import UNIT, Trainer
from tests.contract.models import CPU
from tests.unit.services.worker.test_discovery import FragileStore, Killed
from tests.unit.services.worker.toy_world import register

pytestmark = pytest.mark.slow  # it trains, many times over

STEPS = 2 * UNIT + 10


class Trainings:
    """Worker, queue and broker in one process, for encoders of the toy generator."""

    def __init__(self, step_seconds: float = 30.0) -> None:
        torch.set_num_threads(1)
        self.store = FragileStore(MemoryStore())
        self.jobs = DurableJobStore(self.store)
        self.leases = MemoryLeases(15)
        self.submitter = MemorySubmitter()
        self.signals = MemorySignals()
        trainer = Trainer(self.catalogue, CPU, step_seconds)
        self.steps = Steps(
            self.jobs, self.leases, self.signals, self.submitter, trainer, self.clean
        )

    def catalogue(self, project: str = "default") -> Catalogue:
        return Catalogue(self.store, project)

    def clean(self, job: Job) -> None:
        self.catalogue().drop_checkpoints(job.id)

    def drain(self) -> None:
        while self.submitter.queue:
            self.steps.run(*self.submitter.queue.pop(0))

    def recover(self) -> None:
        """What becomes of a killed worker: its lease runs out, the reconciler finds the job."""
        self.leases.lose()
        Reconciler(self.jobs, self.leases, self.signals, self.submitter, lambda job: None).look()
        self.drain()

    def end(self, job: Job) -> EncoderResult:
        ended = self.jobs.get(job.name)
        assert ended.state is State.SUCCEEDED, ended.error
        assert isinstance(ended.result, EncoderResult)
        return ended.result

    def train(self, **changes: object) -> Job:
        generator, _ = register(self.store.inner)
        fields = {"generator": generator, "space": Space.Z, "steps": STEPS, "model": "toy-encoder"}
        job = self.jobs.create("default", EncoderSpec(**{**fields, **changes}))
        self.submitter.submit(job)
        return job


@pytest.fixture(scope="module")
def expected() -> EncoderResult:
    world = Trainings()
    job = world.train()
    world.drain()
    return world.end(job)


def test_a_training_ends_with_a_model(expected: EncoderResult) -> None:
    world = Trainings()
    job = world.train()
    world.drain()
    assert world.end(job) == expected
    catalogue = world.catalogue()
    card, arrays = unpack_model(*catalogue.model_files(expected.digest))
    assert expected.model == catalogue.model("toy-encoder").name
    assert isinstance(card, EncoderCard)
    assert card.generator == job.spec.generator.digest
    assert [metric.name for metric in card.metrics] == ["mean squared error", "latent r2"]
    inversion.build(card, arrays, CPU)
    assert list(world.store.keys("checkpoints/")) == []
    ended = world.jobs.get(job.name)
    assert (ended.progress.stage, ended.attempt) == (Stage.COMMIT, 1)


def test_short_steps_give_the_same_encoder(expected: EncoderResult) -> None:
    world = Trainings(0)
    job = world.train()
    world.drain()
    assert world.end(job) == expected
    assert world.jobs.get(job.name).fence >= 3  # a step for every unit


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_kills_change_nothing(after: bool, expected: EncoderResult) -> None:
    """SIGKILL at every third write: the same encoder."""
    world = Trainings()
    job = world.train()
    kills = 0
    world.store.after = after
    while not world.jobs.get(job.name).state.ended:
        world.store.deadly = world.store.writes + 5
        try:
            world.recover()
        except Killed:
            kills += 1
    assert world.end(job) == expected
    assert kills >= 2


def test_a_cancelled_training_leaves_no_model(expected: EncoderResult) -> None:
    world = Trainings(0)
    job = world.train()
    world.steps.run(*world.submitter.queue.pop(0))
    assert world.jobs.get(job.name).state is State.RUNNING
    world.jobs.cancel(job.name)
    world.drain()
    assert world.jobs.get(job.name).state is State.CANCELLED
    assert list(world.store.keys("checkpoints/")) == []
    with pytest.raises(ModelNotFound):
        world.catalogue().model("toy-encoder")


def test_a_predictor_without_feature_maps_fails_the_training() -> None:
    world = Trainings()
    _, judge = register(world.store.inner)
    job = world.train(embedder=judge)
    world.drain()
    ended = world.jobs.get(job.name)
    assert ended.state is State.FAILED
    assert ended.error is not None and ended.error.reason == "PREDICTOR_MISMATCH"
