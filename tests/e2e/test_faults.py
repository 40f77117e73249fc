"""Parts die, the store fails, messages and clocks go wrong while jobs run: all end as they would.

A few of the benchmark's runs (`make bench B=faults`), chosen so that each part and each way of
failing is there once.
"""

import os
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Stack
from tests.faults import clock
from tests.faults.checks import half_artifacts, left_over
from tests.faults.errands import errands
from tests.faults.lives import Life, Plan, undisturbed
from tests.faults.world import World, world

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

ASKED = errands(3)
NIGHTS = (
    [(0.5, "broker killed"), (2.0, "clock jumps")],
    [(0.3, "messages twice"), (1.0, "worker killed"), (1.5, "store's answers lost")],
    [(0.2, "gateway killed"), (1.0, "store answers 500"), (2.0, "replica killed")],
    [(0.5, "worker stopped"), (0.8, "messages late"), (2.0, "store killed")],
)


@pytest.fixture(scope="module")
def dark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    if clock.missing():
        assert not os.environ.get("CI"), f"install {clock.missing()}"
        pytest.skip(f"{clock.missing()} is not installed")
    folder: Path = tmp_path_factory.mktemp("dark") / "stack"
    with world(folder, "lite", "seaweedfs", random.Random(6)) as found:
        yield found


def test_jobs_end_as_they_do_undisturbed(stack: Stack, dark: World) -> None:
    life = Life(dark, "seaweedfs", "lite", undisturbed(stack.endpoint, ASKED))
    for number, night in enumerate(NIGHTS):
        run = life.live(Plan(number, night, ASKED, [None] * len(ASKED)))
        assert not run.bad, run


def test_a_world_notices_what_is_wrong(dark: World) -> None:
    """The checks see a half artifact and a lease that is never given back."""
    name = "projects/default/findingSets/f" + "0" * 40
    dark.store.put(name, b"{}")
    assert half_artifacts(dark.store, set()) == [name]
    dark.store.delete(name)
    dark.redis.set("directrix:lease:projects/default/operations/d1", "nobody")
    assert left_over(dark) == ["directrix:lease:projects/default/operations/d1"]
    dark.redis.delete("directrix:lease:projects/default/operations/d1")
