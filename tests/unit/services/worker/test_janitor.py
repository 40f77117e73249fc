"""The janitor takes away what nobody needs, and nothing else."""

import json
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from services.artifacts import keys
from services.artifacts.catalogue import Catalogue
from services.artifacts.contents import Contents
from services.artifacts.memory import MemoryStore
from services.jobs import DiscoverySpec, ModelRef, State, move
from services.jobs.durable import DurableJobStore
from services.jobs.leases import MemoryLeases
from services.worker.janitor import Janitor
from tests.unit.services.worker.toy_world import register

SPEC = DiscoverySpec(generator=ModelRef(name="projects/p/models/g", digest="a" * 64), method="sefa")
DIGEST = "c" * 64


class House:
    """A store with a clock that is turned by hand."""

    def __init__(self) -> None:
        self.now = datetime(2026, 1, 1, tzinfo=UTC)
        self.store = MemoryStore()
        self.jobs = DurableJobStore(self.store, clock=lambda: self.now)
        self.catalogue = Catalogue(self.store)

    def janitor(self, **settings: object) -> Janitor:
        return Janitor(self.store, self.jobs, MemoryLeases(60), clock=lambda: self.now, **settings)

    def end(self, name: str) -> None:
        self.jobs.update(name, lambda job: move(job, State.CANCELLED))
        self.jobs.tidy(name)


@pytest.fixture
def house() -> House:
    return House()


def test_jobs_go_thirty_days_after_their_end(house: House) -> None:
    ended, runs = (house.jobs.create("default", SPEC).name for _ in range(2))
    house.end(ended)
    house.now += timedelta(days=29)
    assert house.janitor().clean().jobs == []
    house.now += timedelta(days=2)
    assert house.janitor(dry=True).clean().jobs == [ended]
    assert house.janitor().clean().jobs == [ended]
    assert [job.name for job in house.jobs.jobs("default")] == [runs]


def test_request_ids_go_after_a_day(house: House) -> None:
    job = house.jobs.create("default", SPEC, request_id="r-1")
    house.now += timedelta(hours=23)
    house.jobs.create("default", SPEC, request_id="r-2")
    assert house.janitor().clean().requests == []
    house.now += timedelta(hours=2)
    assert house.janitor().clean().requests == [keys.request("default", "r-1")]
    assert house.jobs.create("default", SPEC, request_id="r-1").name != job.name


def test_checkpoints_go_with_their_jobs_only(house: House) -> None:
    runs, ended = (house.jobs.create("default", SPEC) for _ in range(2))
    for job in (runs.id, ended.id, "d0"):
        house.catalogue.put_checkpoint(job, DIGEST, "fit", b"state")
    house.end(ended.name)
    gone = house.janitor().clean().checkpoints
    assert gone == sorted(
        keys.checkpoint("default", job, DIGEST, "fit") for job in ("d0", ended.id)
    )
    assert house.catalogue.checkpoint(runs.id, DIGEST, "fit") == b"state"


def test_content_goes_where_nothing_points_to_it_for_a_day(house: House) -> None:
    register(house.store)
    house.catalogue.audits.put_pictures(np.zeros((1, 2, 2, 1), np.uint8))
    (loose,) = set(house.store.keys("objects/")) - _kept(house)
    assert house.janitor().clean().contents == []
    house.now += timedelta(hours=23)
    assert house.janitor().clean().contents == []
    house.now += timedelta(hours=2)
    assert house.janitor(dry=True).clean().contents == [loose]
    assert house.janitor().clean().contents == [loose]
    assert set(house.store.keys("objects/")) == _kept(house)
    assert house.catalogue.model("toy").digest == house.catalogue.models()[1].digest


def test_content_that_something_points_to_meanwhile_is_put_back(house: House) -> None:
    """A job that names pictures is recorded between the janitor's look and its deed."""
    digest = house.catalogue.audits.put_pictures(np.zeros((1, 2, 2, 1), np.uint8))
    key = keys.content("default", digest)
    house.janitor().clean()
    house.now += timedelta(hours=25)

    class Late(MemoryStore):
        """The house's own objects; the record is written when the content is taken away."""

        def __init__(self, objects: dict[str, bytes]):
            super().__init__()
            self._objects = objects

        def delete(self, key: str) -> None:
            super().delete(key)
            if key.startswith("objects/"):
                spec = {"spec": {"pictures": {"images": digest}}}
                self.put("projects/default/operations/d1/00000001", json.dumps(spec).encode())

    late = Late(house.store._objects)
    janitor = Janitor(late, house.jobs, MemoryLeases(60), clock=lambda: house.now)
    assert janitor._contents() == []
    assert late.exists(key)


def test_a_pointer_brings_its_content_back(house: House) -> None:
    """Content that went between the writer's look and its pointer is there after the pointer."""
    contents = Contents(house.store)
    digest = contents.put(b"tensors")
    house.store.delete(keys.content("default", digest))
    assert contents.point("scorecards/default/" + DIGEST, digest.encode(), b"tensors")
    assert contents.get(digest) == b"tensors"


def _kept(house: House) -> set[str]:
    parts = [json.loads(house.store.get(k)) for k in house.store.keys("models-by-digest/")]
    return {keys.content("default", digest) for part in parts for digest in part.values()}
