"""The simulated queue where its answer is known by hand."""

from dataclasses import replace

import pytest

from tests.benchmarks.queue_model import Costs, Model

COSTS = Costs(
    begin=2.0, shard=1.0, tail=5.0, broker=0.001, store=0.01, asked=0.001, asked_store=0.001
)


def test_one_worker_does_one_thing_after_the_other() -> None:
    alone = Model(COSTS, 1).run(jobs=1, shards=16)
    assert alone.shards == 16
    assert alone.seconds == pytest.approx(2 + 16 * 1.011 + 5, abs=0.1)
    assert Model(COSTS, 1).run(jobs=3, shards=16).seconds == pytest.approx(3 * 23.2, abs=0.5)


def test_two_workers_share_the_shards_of_one_job_and_nothing_else() -> None:
    pair = Model(COSTS, 2).run(jobs=1, shards=16)
    assert pair.seconds == pytest.approx(2 + 8 * 1.011 + 5, abs=1.2)
    slower = Model(replace(COSTS, slowdown=1.5), 2, shared=True).run(jobs=1, shards=16)
    assert slower.seconds == pytest.approx(2 + 8 * 1.511 + 5, abs=1.7)


def test_jobs_come_before_invitations() -> None:
    """Each of two workers has a job of its own: nobody helps until one has ended."""
    assert Model(COSTS, 2).run(jobs=2, shards=16).seconds == pytest.approx(23.2, abs=1.3)


def test_a_part_that_is_the_limit_bounds_what_is_computed() -> None:
    model = Model(replace(COSTS, begin=0.0, store=0.1), 50, store_cores=2)
    found = model.run(jobs=100, shards=64, seconds=30)
    assert found.shards / found.seconds == pytest.approx(20, rel=0.06)
    assert found.busy["store"] > 0.95
    assert found.busy["broker"] < 0.05


def test_whoever_waits_for_a_job_asks_the_gateway() -> None:
    found = Model(replace(COSTS, asked=0.05), 1, asks=1.0).run(jobs=10, shards=64, seconds=30)
    assert found.busy["gateway"] == pytest.approx(0.5, rel=0.1)
