"""What the benchmark of kills counts, on a log that was written by hand."""

from pathlib import Path

import pytest

from tests.benchmarks.worker_log import begun_again, events, pieces_of_fit

JOB = "projects/default/operations/d1"
HEAD = "INFO services.worker"
UNITS = (
    f"2026-11-25 10:00:00,000 {HEAD}.populations: {JOB}: computing population shard 0+1024",
    f"2026-11-25 10:00:00,100 {HEAD}.populations: {JOB}x: computing population shard 0+1024",
    f"2026-11-25 10:00:01,500 {HEAD}.populations: {JOB}: computing population shard 1024+1024",
    "Traceback (most recent call last):",
    f"2026-11-25 10:00:09,000 {HEAD}.populations: {JOB}: computing population shard 1024+1024",
    f"2026-11-25 10:00:10,000 {HEAD}.checkpoints: {JOB}: fit checkpoint",
    f"2026-11-25 10:00:11,000 {HEAD}.checkpoints: {JOB}: fit checkpoint",
    f"2026-11-25 10:00:12,000 {HEAD}.discovery: {JOB}: computing card shard 0",
    f"2026-11-25 10:00:13,000 {HEAD}.discovery: {JOB}: computing card shard 1",
)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "worker.log"
    path.write_text("\n".join(UNITS) + f"\n2026-11-25 10:00:14,000 {HEAD}.discovery: {JOB}: comp")
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
