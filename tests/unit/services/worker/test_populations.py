"""Stored scores are read like an array, shard by shard."""

import numpy as np
import pytest

from directrix.predictors import linear
from directrix.types import ImageCard, PredictorCard, Rows
from services.worker.populations import StoredScores
from services.worker.shards import Span

COUNT = 2500
WHOLE = np.random.Generator(np.random.Philox(1)).standard_normal((COUNT, 3), np.float32)
CARD = linear.card("judge", ImageCard(channels=1, height=8, width=8), ("a", "b", "c"))


class Shelf:
    """Where shards are; `read` tells which were asked for."""

    def __init__(self) -> None:
        self.read: list[Span] = []

    def load(self, shard: Span, card: PredictorCard) -> np.ndarray:
        assert card is CARD
        self.read.append(shard)
        start, count = shard
        return WHOLE[start : start + count]


@pytest.mark.parametrize(
    ("rows", "shards"),
    [
        (slice(None), [(0, 1024), (1024, 1024), (2048, 452)]),
        (slice(1024, 2048), [(1024, 1024)]),
        (slice(1000, 1030), [(0, 1024), (1024, 1024)]),
        (slice(2400, 9999), [(2048, 452)]),
        (slice(0, 0), [(0, 1024)]),
    ],
)
def test_a_slice_reads_no_more_than_its_shards(rows: slice, shards: list[Span]) -> None:
    shelf = Shelf()
    scores = StoredScores(shelf.load, CARD, COUNT)
    assert np.array_equal(scores[rows], WHOLE[rows])
    assert shelf.read == shards


def test_an_array_may_stand_in_its_place() -> None:
    scores = StoredScores(Shelf().load, CARD, COUNT)
    assert len(scores) == COUNT
    assert isinstance(scores, Rows) and isinstance(WHOLE, Rows)
