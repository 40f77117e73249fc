"""Budgets end jobs, with what was spent and why in the record."""

import numpy as np
import pytest

from directrix.errors import BudgetExceeded, ServingUnavailable
from directrix.types import Latent, PopulationSpec
from services.jobs import Budget, JobResult, Stage, State
from services.jobs.transitions import take_up
from services.worker.attempt import Attempt
from services.worker.memory import bounded, is_refusal, resident_mb
from services.worker.metering import MeteredScoring
from services.worker.scoring import Scoring
from tests.unit.services.worker.test_step import RESULT, SPEC, Desk

IMAGES = 64


def spending(attempt: Attempt) -> JobResult | None:
    """A step that has some images scored and leaves the rest to the next one."""
    attempt.report(Stage.POPULATION, 0, 10)
    attempt.spend(IMAGES)
    return None


def desk_of(work: object, budget: Budget) -> Desk:
    desk = Desk(work)
    desk.job = desk.jobs.create("default", SPEC, budget=budget)
    return desk


def test_images_are_counted_over_all_steps_until_they_are_too_many() -> None:
    desk = desk_of(spending, Budget(images=3 * IMAGES))
    for steps in (1, 2, 3):
        left = desk.run()
        assert (left.state, left.spent.images) == (State.RUNNING, steps * IMAGES)
    failed = desk.run()
    assert failed.state is State.FAILED
    assert failed.error is not None
    assert failed.error.reason == "BUDGET_EXCEEDED"
    assert failed.error.metadata == {"budget": "images", "allowed": "192", "spent": "256"}
    assert failed.spent.images == 4 * IMAGES
    assert [failure.reason for failure in failed.failures] == ["BUDGET_EXCEEDED"]


def test_seconds_are_those_of_workers() -> None:
    desk = desk_of(spending, Budget(seconds=1e-6))
    failed = desk.run()
    assert failed.error is not None
    assert failed.error.metadata["budget"] == "seconds"
    assert failed.spent.seconds > 0


def test_memory_that_is_refused_is_the_budget_s_and_no_defect() -> None:
    def greedy(attempt: Attempt) -> JobResult | None:
        np.ones(1 << 31, np.uint8)
        return RESULT

    failed = desk_of(greedy, Budget(memory_mb=resident_mb() + 256)).run()
    assert failed.error is not None
    assert (failed.error.reason, failed.error.metadata["budget"]) == (
        "BUDGET_EXCEEDED",
        "memory_mb",
    )
    np.ones(1 << 28, np.uint8)  # the bound is gone with the job


def test_within_its_budget_a_job_ends_well() -> None:
    ample = Budget(seconds=3600, images=10 * IMAGES, memory_mb=resident_mb() + 1024)
    done = desk_of(lambda attempt: RESULT, ample).run()
    assert (done.state, done.failures) == (State.SUCCEEDED, ())
    assert done.spent.seconds > 0


def test_a_bound_refuses_and_goes() -> None:
    with bounded(resident_mb() + 64), pytest.raises(MemoryError) as caught:
        np.ones(1 << 29, np.uint8)
    assert is_refusal(caught.value)
    assert is_refusal(RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried"))
    assert not is_refusal(RuntimeError("shapes differ"))


def test_errors_and_crashes_are_remembered_in_order() -> None:
    def fails(attempt: Attempt) -> JobResult | None:
        raise ServingUnavailable("no replica")

    desk = desk_of(fails, Budget())
    desk.run()
    current = desk.jobs.get(desk.job.name)
    desk.jobs.update(current.name, lambda job: take_up(job, job.fence, "dies"))
    desk.run()
    found = desk.jobs.get(desk.job.name)
    reasons = ["SERVING_UNAVAILABLE", "WORKER_LOST", "SERVING_UNAVAILABLE"]
    assert [failure.reason for failure in found.failures] == reasons
    assert [failure.attempt for failure in found.failures] == [1, 2, 3]
    assert found.failures[0].time == desk.now


class Counting(Scoring):
    """Ticks in two pieces and scores nothing."""

    def samples(self, spec, predictors, start, count, tick):
        tick(count // 2)
        tick(count)
        return np.zeros((count, 1), np.float32)

    def latents(self, latents, predictors, tick):
        return self.samples(None, predictors, 0, len(latents), tick)

    def recipes(self, generator, predictors, recipes, tick):
        return self.samples(None, predictors, 0, len(recipes), tick)

    def pictures(self, generator, predictors, recipes, tick):
        return self.recipes(generator, predictors, recipes, tick), np.zeros((len(recipes), 1, 1, 1))


def test_scoring_is_metered_by_what_is_new() -> None:
    spent: list[int] = []
    ticks: list[int] = []
    metered = MeteredScoring(Counting(), spent.append)
    metered.samples(PopulationSpec("a" * 64, 1), ["b"], 0, 10, ticks.append)
    metered.latents(Latent("z", "a" * 64, np.zeros((4, 2), np.float32)), ["b"], ticks.append)
    assert spent == [5, 5, 2, 2]
    assert ticks == [5, 10, 2, 4]


def test_a_budget_stops_scoring_in_the_middle() -> None:
    def spend(images: int) -> None:
        raise BudgetExceeded("spent", budget="images")

    with pytest.raises(BudgetExceeded):
        MeteredScoring(Counting(), spend).recipes("a", ["b"], [None] * 4, lambda done: None)
