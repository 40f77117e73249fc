"""Helpers compute shards of others' jobs: the same digests, nothing twice, nothing left behind."""

import threading
from collections.abc import Callable

import numpy as np
import pytest
import torch

from directrix.errors import BrokerUnavailable
from directrix.types import PopulationSpec
from services.artifacts.catalogue import Catalogue
from services.jobs import Job, Spent, State
from services.jobs.leases import Lease, Leases, MemoryLeases
from services.worker.discovery import Discoverer
from services.worker.helping import Helper
from services.worker.step import Steps
from tests.unit.services.worker.test_discovery import Memo, World
from tests.unit.services.worker.toy_world import LocalScoring

SAMPLES = 5 * 1024 + 100
MEMO: Memo = {}
"""Scores are the same in all of these worlds."""


class Meddling(LocalScoring):
    """Does something else before each shard of a population is scored."""

    def __init__(self, world: World, meddle: Callable[[int], None]):
        super().__init__(world.store, MEMO)
        self._meddle = meddle

    def samples(self, spec: PopulationSpec, predictors, start, count, tick) -> np.ndarray:
        if spec.seed == 5:  # the job's own, not that of deviations
            self._meddle(start)
        return super().samples(spec, predictors, start, count, tick)


class NoBroker(Leases):
    def take(self, name: str) -> Lease | None:
        raise BrokerUnavailable("down")

    def held(self, name: str) -> bool:
        raise BrokerUnavailable("down")


class Crew:
    """An owner and helpers of one world, with shards' leases in common."""

    def __init__(self, leases: Leases | None = None):
        self.world = World(memo=MEMO)
        self.leases = leases or MemoryLeases(15.0)
        self.helping = LocalScoring(self.world.store, MEMO)
        self.stopping = threading.Event()
        self.helper = self._helper(self.helping)

    def _helper(self, scoring: LocalScoring) -> Helper:
        world = self.world
        shards = self._discoverer(scoring).shards
        return Helper(world.jobs, world.signals, world.submitter, shards, self.stopping)

    def _discoverer(self, scoring: LocalScoring) -> Discoverer:
        return Discoverer(
            lambda project: Catalogue(self.world.store, project),
            lambda project: scoring,
            torch.device("cpu"),
            leases=self.leases,
            invite=self.world.submitter.invite,
        )

    def own(self, meddle: Callable[[int], None]) -> LocalScoring:
        """What the owner scores with from now on: something is done before each of its shards."""
        world = self.world
        scoring = Meddling(world, meddle)
        world.steps = Steps(
            world.jobs,
            world.leases,
            world.signals,
            world.submitter,
            self._discoverer(scoring),
            lambda job: world.discoverer.clean(job.project, job.id),
        )
        return scoring

    def start(self, **changes: object) -> Job:
        return self.world.start("interfacegan", samples=SAMPLES, **changes)

    def accept(self) -> None:
        """An idle worker takes the first invitation up."""
        invitations = self.world.submitter.invitations
        self.helper.run(*invitations.pop(0))


def starts(scoring: LocalScoring) -> list[int]:
    return sorted(unit[1] for unit in scoring.units if len(unit) == 3 and unit[2] in (100, 1024))


@pytest.fixture(scope="module")
def alone() -> str:
    world = World(memo=MEMO)
    job = world.start("interfacegan", samples=SAMPLES)
    world.drain()
    return world.end(job).digest


def test_a_helper_takes_shards_from_the_far_end_and_changes_no_digest(alone: str) -> None:
    crew = Crew()
    job = crew.start()
    scoring = crew.own(lambda start: crew.accept() if start == 1024 else None)
    crew.world.drain()
    assert crew.world.end(job).digest == alone
    assert starts(crew.helping) == [2048, 3072, 4096, 5120]
    assert 0 in starts(scoring) and 1024 in starts(scoring)
    assert set(crew.helping.units.values()) == {1}
    assert crew.world.submitter.invitations == [(job.name, 1)]  # passed on, for the next one


def test_what_helpers_spend_is_the_job_s(alone: str) -> None:
    crew = Crew()
    job = crew.start()
    crew.own(lambda start: crew.accept() if start == 0 else None)
    crew.world.drain()
    helped = crew.world.jobs.get(job.name).spent
    assert crew.world.end(job).digest == alone
    world = World(memo=MEMO)
    other = world.start("interfacegan", samples=SAMPLES)
    world.drain()
    assert helped.images == world.jobs.get(other.name).spent.images
    assert crew.world.signals.helped(job.name) == Spent()


def test_a_late_invitation_costs_one_look() -> None:
    crew = Crew()
    job = crew.start()
    crew.own(lambda start: None)
    crew.world.drain()
    assert crew.world.submitter.invitations == [(job.name, 1)]
    crew.accept()
    assert not crew.helping.units
    assert not crew.world.submitter.invitations


def test_helpers_of_a_cancelled_job_stop() -> None:
    crew = Crew()
    job = crew.start()
    begun: list[int] = []

    def cancel(start: int) -> None:
        begun.append(start)
        crew.world.jobs.cancel(job.name)
        crew.world.signals.request_cancel(job.name)

    crew.helper = crew._helper(Meddling(crew.world, cancel))
    crew.own(lambda start: crew.accept() if start == 0 else None)
    crew.world.drain()
    assert crew.world.jobs.get(job.name).state is State.CANCELLED
    assert begun == [5120]  # of five that were missing
    crew.accept()
    assert begun == [5120]
    assert not crew.world.submitter.invitations


def test_a_stopping_helper_gives_its_shard_back() -> None:
    crew = Crew()
    job = crew.start()
    crew.helper = crew._helper(Meddling(crew.world, lambda start: crew.stopping.set()))
    crew.own(lambda start: crew.accept() if start == 0 else None)
    crew.world.drain()
    assert crew.world.jobs.get(job.name).state is State.SUCCEEDED
    spec = PopulationSpec(job.spec.generator.digest, job.spec.seed)
    assert not crew.leases.held(f"scores/default/{spec.key}/5120")


def test_a_dead_helper_s_shard_is_the_owner_s_in_the_end(alone: str) -> None:
    """Its lease runs out; until then the owner computes all the others."""
    now = 0.0
    crew = Crew(leases=MemoryLeases(15.0, lambda: now))
    job = crew.start()
    spec = PopulationSpec(job.spec.generator.digest, job.spec.seed)
    assert crew.leases.take(f"scores/default/{spec.key}/2048") is not None  # and dies
    order: list[int] = []

    def note(start: int) -> None:
        nonlocal now
        order.append(start)
        now += 15.0 * (len(order) == 5)

    crew.own(note)
    crew.world.drain()
    assert order == [0, 1024, 3072, 4096, 5120, 2048]
    assert crew.world.end(job).digest == alone


def test_without_a_broker_there_are_no_leases_and_the_owner_goes_on(alone: str) -> None:
    crew = Crew(leases=NoBroker())
    job = crew.start()
    scoring = crew.own(lambda start: None)
    crew.world.drain()
    assert crew.world.end(job).digest == alone
    assert starts(scoring)[-1] == 5120
