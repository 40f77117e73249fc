"""What jobs like it cost is what a job is said to cost."""

from datetime import UTC, datetime

import pytest

from services.artifacts.memory import MemoryStore
from services.jobs import (
    AuditSpec,
    DiscoverySpec,
    EncoderSpec,
    Job,
    ModelRef,
    PicturesSpec,
    SetRef,
    Spent,
)
from services.jobs.costs import Cost, Costs, Estimate, estimated, kind_of

NOW = datetime(2026, 1, 1, tzinfo=UTC)
MODEL = ModelRef(name="projects/p/models/g", digest="a" * 64)
SPEC = DiscoverySpec(generator=MODEL, method="sefa", samples=1024)


def cost(size: int, seconds: float, images: int = 0, memory_mb: int = 0) -> Cost:
    return Cost(size, Spent(seconds=seconds, images=images, memory_mb=memory_mb))


def test_nothing_is_foretold_without_experience() -> None:
    assert Costs(MemoryStore()).estimate("p", SPEC) is None


def test_one_job_foretells_by_its_size_and_no_error_is_known() -> None:
    told = estimated([cost(1000, 10.0, 1100, 400)], 3000)
    assert told == Estimate(30.0, 30.0, 30.0, 3300, 400, 1, None)


def test_a_line_through_jobs_of_several_sizes() -> None:
    """Seconds are 2 + 0.01 a sample exactly, so that the line and its error are known."""
    told = estimated([cost(n, 2 + n / 100, n + 50) for n in (1000, 2000, 4000)], 3000)
    assert told is not None
    assert told.seconds == pytest.approx(32.0)
    assert (told.seconds_low, told.seconds_high) == pytest.approx((32.0, 32.0))
    assert told.images == 3050
    assert told.error == pytest.approx(0.0, abs=1e-9)


def test_the_error_is_that_of_each_foretold_by_the_others() -> None:
    told = estimated([cost(1000, 10.0), cost(1000, 20.0)], 1000)
    assert told is not None
    assert (told.seconds, told.seconds_low, told.seconds_high) == (15.0, 10.0, 20.0)
    assert told.error == pytest.approx((10 / 10 + 10 / 20) / 2)


def test_what_is_alike_differs_in_seed_and_size_only() -> None:
    same = SPEC.model_copy(update={"seed": 9, "samples": 4096})
    assert kind_of(same) == kind_of(SPEC)
    assert kind_of(SPEC.model_copy(update={"parameters": {"components": 2}})) != kind_of(SPEC)
    encoder = EncoderSpec(generator=MODEL, space="w", steps=100, model="e")
    assert kind_of(encoder.model_copy(update={"steps": 200})) == kind_of(encoder)
    audit = AuditSpec(
        generator=MODEL, classifier=MODEL, finding_sets=(SetRef(name="f", digest="b" * 64),),
        samples=512, steps=(1.0,), random_findings=4, explained=0, noise_sd=0.1, pairs=1,
    )  # fmt: skip
    assert kind_of(audit.model_copy(update={"samples": 64})) == kind_of(audit)
    assert kind_of(audit.model_copy(update={"pairs": 2})) != kind_of(audit)
    pictures = PicturesSpec(images="c" * 64, count=40, space="w", steps=200)
    seen = audit.model_copy(update={"samples": 0, "pictures": pictures})
    others = pictures.model_copy(
        update={"images": "", "count": 2000}
    )  # as those only validated are
    assert kind_of(seen.model_copy(update={"pictures": others})) == kind_of(seen) != kind_of(audit)
    further = pictures.model_copy(update={"steps": 400})
    assert kind_of(seen.model_copy(update={"pictures": further})) != kind_of(seen)


def test_jobs_are_remembered_by_project_the_latest_first() -> None:
    costs = Costs(MemoryStore())
    for number in range(20):
        spent = Spent(seconds=float(number), images=10, memory_mb=100)
        # ids of later jobs sort first
        job = Job(id=f"d{99 - number}", project="p", spec=SPEC, spent=spent, create_time=NOW,
                  update_time=NOW)  # fmt: skip
        costs.remember(job)
    assert [c.spent.seconds for c in costs.alike("p", SPEC)] == [float(n) for n in range(19, 3, -1)]
    assert costs.estimate("other", SPEC) is None
