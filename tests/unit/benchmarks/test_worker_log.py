"""What the benchmark of kills counts, on a log that was written by hand."""

import json
from pathlib import Path

import pytest

from tests.benchmarks.worker_log import (
    Event,
    begun_again,
    events,
    first_checkpoint,
    first_places,
    pieces_of_fit,
    units_recomputed,
)

JOB = "projects/default/operations/d1"


def said(moment: str, logger: str, event: str) -> str:
    """One line as the worker writes it."""
    fields = {"ts": f"2026-11-25T{moment}00Z", "level": "info", "service": "worker"}
    return json.dumps({**fields, "event": event, "logger": f"services.worker.{logger}"})


UNITS = (
    said("10:00:00.0000", "populations", f"{JOB}: computing population shard 0+1024"),
    said("10:00:00.1000", "populations", f"{JOB}x: computing population shard 0+1024"),
    said("10:00:01.5000", "populations", f"{JOB}: computing population shard 1024+1024"),
    "Traceback (most recent call last):",
    said("10:00:09.0000", "populations", f"{JOB}: computing population shard 1024+1024"),
    said("10:00:10.0000", "checkpoints", f"{JOB}: fit checkpoint"),
    said("10:00:11.0000", "checkpoints", f"{JOB}: fit checkpoint"),
    said("10:00:12.0000", "discovery", f"{JOB}: computing card shard 0"),
    said("10:00:13.0000", "discovery", f"{JOB}: computing card shard 1"),
)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "worker.log"
    last = said("10:00:14.0000", "discovery", f"{JOB}: computing card shard 2")
    path.write_text("\n".join(UNITS) + "\n" + last[: len(last) // 2])
    return path


def test_units_of_one_job_in_order(log: Path) -> None:
    found = events(log, JOB)
    assert [event.unit for event in found] == [
        "population shard 0+1024",
        "population shard 1024+1024",
        "population shard 1024+1024",
        "fit 0",
        "fit 1",
        "card shard 0",
        "card shard 1",
    ]
    assert found[1].seconds - found[0].seconds == pytest.approx(1.5)
    assert pieces_of_fit(found) == 2
    data = log.read_bytes()
    assert data[found[3].place :].startswith(UNITS[5].encode())


def test_what_a_kill_made_begin_again(log: Path) -> None:
    found = events(log, JOB)
    first, last = found[2].place, found[5].place
    assert begun_again(found, [first]) == [1]
    assert begun_again(found, [first, last]) == [1, 0]
    assert begun_again(found, [last]) == [0]
    lost = [*found, *(event.__class__(10**6 + i, 0.0, event.unit) for i, event in enumerate(found))]
    assert begun_again(lost, [first, 10**6]) == [1, 6]


def test_the_first_checkpoint_is_that_of_the_fit(log: Path) -> None:
    assert first_checkpoint(events(log, JOB)) == 3


def test_a_fit_in_one_piece_is_stored_before_the_scorecard_begins() -> None:
    units = ["population shard 0+1024", "scorecard shard 0+1024", "card shard 0"]
    found = [Event(place, 0.0, unit) for place, unit in enumerate(units)]
    assert first_checkpoint(found) == 1
    with pytest.raises(ValueError, match="nothing"):
        first_checkpoint(found[:1])


def test_units_keep_the_place_where_they_began_first(log: Path) -> None:
    found = events(log, JOB)
    places = first_places(found)
    assert len(places) == 6
    assert places["population shard 1024+1024"] == found[1].place < found[2].place


def test_what_a_kill_made_to_be_computed_again() -> None:
    units = ["population shard 0+8", "population shard 0+8", "fit 0", "fit 1", "card shard 0"]
    found = [Event(10 * place, 0.0, unit) for place, unit in enumerate(units)]
    in_shard, in_fit, behind_it = 5, 25, 35
    kills = [in_shard, in_fit, behind_it]
    assert units_recomputed(found, kills, pieces=2) == [1, 1, 0]
    assert units_recomputed(found, kills, pieces=1) == [1, 2, 0]
