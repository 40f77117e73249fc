"""What is forgotten after a while: ended operations, and pictures that nothing names any more."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from directrix.errors import ObjectNotFound, OperationNotFound
from directrix.types import Space
from services.admin.retention import expire
from services.artifacts.catalogue import Catalogue
from services.artifacts.memory import MemoryStore
from services.jobs import AuditSpec, DiscoverySpec, ModelRef, PicturesSpec, SetRef, Spec
from services.jobs.durable import DurableJobStore

REF = ModelRef(name="projects/shoes/models/m", digest="a" * 64)
DISCOVERY = DiscoverySpec(generator=REF, method="sefa")
START = datetime(2026, 1, 1, tzinfo=UTC)


class Desk:
    """A store, and jobs at times that tests choose."""

    def __init__(self) -> None:
        self.store = MemoryStore()
        self.now = START
        self.jobs = DurableJobStore(self.store, clock=lambda: self.now)
        self.shelf = Catalogue(self.store, "shoes").audits

    def job(self, spec: Spec, day: int, ends: bool = True, project: str = "shoes", id: str = ""):
        self.now = START + timedelta(days=day)
        job = self.jobs.create(project, spec, id)
        return self.jobs.cancel(job.name).name if ends else job.name

    def audit(self, seed: int) -> AuditSpec:
        """Of pictures of their own."""
        images = np.full((2, 4, 4, 1), seed, np.uint8)
        digest = self.shelf.put_pictures(images)
        pictures = PicturesSpec(images=digest, count=2, space=Space.Z, steps=1)
        return AuditSpec(
            generator=REF, classifier=REF, finding_sets=(SetRef(name="s", digest="b" * 64),),
            samples=0, pictures=pictures, steps=(1.0,), random_findings=20, explained=0,
            noise_sd=0.1, pairs=1,
        )  # fmt: skip

    def expire(self, day: int) -> tuple[int, int]:
        return expire(self.store, self.jobs, "shoes", START + timedelta(days=day))


def test_what_ended_earlier_goes_and_nothing_else() -> None:
    desk = Desk()
    old = desk.job(DISCOVERY, 0, id="1c0f3a52-6f3e-4b0e-9d7c-6a5b4c3d2e1f")
    kept = [
        desk.job(DISCOVERY, 0, ends=False),
        desk.job(DISCOVERY, 9),
        desk.job(DISCOVERY, 0, project="bags"),
    ]
    assert desk.expire(5) == (1, 0)
    with pytest.raises(OperationNotFound):
        desk.jobs.get(old)
    assert [desk.jobs.get(name).name for name in kept] == kept
    assert list(desk.store.keys("requests/shoes/")) == []
    assert desk.expire(5) == (0, 0)


def test_pictures_go_with_the_last_operation_that_names_them() -> None:
    desk = Desk()
    shared, alone = desk.audit(1), desk.audit(2)
    for spec, day in ((shared, 0), (shared, 9), (alone, 0)):
        desk.job(spec, day)
    assert desk.expire(5) == (2, 1)
    assert desk.shelf.pictures(shared.pictures.images).shape == (2, 4, 4, 1)
    with pytest.raises(ObjectNotFound):
        desk.shelf.pictures(alone.pictures.images)
    assert desk.expire(10) == (1, 1)
    with pytest.raises(ObjectNotFound):
        desk.shelf.pictures(shared.pictures.images)


def test_more_operations_than_a_page_holds() -> None:
    desk = Desk()
    for _ in range(205):
        desk.job(DISCOVERY, 0)
    assert desk.expire(1) == (205, 0)
    assert desk.jobs.jobs("shoes") == []
