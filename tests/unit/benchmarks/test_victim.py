"""Where the benchmarks of kills kill: in a course of units that was written by hand."""

import random
from collections import Counter

from tests.benchmarks.victim import places
from tests.benchmarks.worker_log import Event

SHARDS, PIECES, CARDS = 3, 4, 6
UNITS = [
    *(f"population shard {number}" for number in range(SHARDS)),
    *(f"fit {number}" for number in range(PIECES)),
    *(f"card shard {number}" for number in range(CARDS)),
]
COURSE = [Event(place, float(place), unit) for place, unit in enumerate(UNITS)]


def test_one_before_the_first_checkpoint_and_the_others_after_it() -> None:
    for seed in range(50):
        early, *later = places(COURSE, 5, random.Random(seed))
        assert early < SHARDS <= min(later)
        assert later == sorted(set(later))
        assert len(later) == 4
        assert max(later) < len(COURSE) - 1


def test_as_many_as_there_are() -> None:
    assert places(COURSE, 0, random.Random(1)) == []
    everywhere = places(COURSE, 99, random.Random(1), early=SHARDS)
    assert everywhere == list(range(len(COURSE) - 1))


def test_shards_more_than_once_and_pieces_of_a_fit_once() -> None:
    counts = Counter(places(COURSE, 99, random.Random(1), early=2, a_shard=3))
    assert all(counts[unit] == 1 for unit in range(SHARDS, SHARDS + PIECES))
    assert all(counts[unit] == 3 for unit in range(SHARDS + PIECES, len(COURSE) - 1))
    assert counts[len(COURSE) - 1] == 0


def test_a_fit_without_checkpoints() -> None:
    course = [Event(0, 0.0, "scorecard shard 0+1024"), *COURSE[SHARDS + PIECES :]]
    assert places(course, 3, random.Random(1)) == sorted(places(course, 3, random.Random(1)))
    assert set(places(course, 99, random.Random(1))) == set(range(len(course) - 1))
