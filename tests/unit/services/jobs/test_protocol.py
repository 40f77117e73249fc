"""The protocol of jobs: a small exploration has nothing to say against it, and catches mutants."""

import os

import pytest

from tests.protocol.spin import MUTANTS, Size, explore, missing, read

SMALL = Size(workers=2, created=1, faults=1)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(missing()) and "CI" not in os.environ, reason="spin or gcc is missing"),
]


def test_every_interleaving_of_two_workers_and_a_fault_ends_well(tmp_path):
    verdict = explore(tmp_path, SMALL)

    assert (verdict.violation, verdict.complete) == ("", True)
    assert verdict.states > 100_000


@pytest.mark.parametrize("mutation", MUTANTS.values(), ids=MUTANTS)
def test_a_protection_taken_away_is_noticed(tmp_path, mutation):
    assert explore(tmp_path, SMALL, mutation).violation


def test_a_report_without_a_count_is_an_error():
    with pytest.raises(ValueError, match="no number of states"):
        read("pan: out of luck")
