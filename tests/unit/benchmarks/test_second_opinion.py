"""Where along a direction faces can be read decides over which stretch sizes are compared."""

import numpy as np

from tests.benchmarks.second_opinion import widest
from tests.integration.faces.world import Shown

GRID = (-3.0, -1.5, 0.0, 1.5, 3.0)


def shower(shares: dict[float, int]):
    """Ten faces; at each strength the first few can be believed."""

    def show(alpha: float) -> Shown:
        believable = np.arange(10) < shares[alpha]
        return Shown(np.zeros((10, 1, 1, 3), np.uint8), np.full((10, 1), alpha), believable)

    return show


def test_from_end_to_end_where_most_faces_can_be_read_there():
    found = widest(shower(dict.fromkeys(GRID, 8)), GRID)
    assert found.ends == (-3, 3)
    assert found.believable.sum() == 8


def test_the_end_at_which_faces_cannot_be_read_is_left_out():
    assert widest(shower({-3: 10, -1.5: 10, 0: 9, 1.5: 8, 3: 3}), GRID).ends == (-3, 1.5)
    assert widest(shower({-3: 10, -1.5: 10, 0: 9, 1.5: 5, 3: 3}), GRID).ends == (-3, 0)


def test_of_equally_long_stretches_the_most_readable_one():
    assert widest(shower({-3: 7, -1.5: 8, 0: 9, 1.5: 10, 3: 10}), GRID).ends == (-1.5, 3)
    assert widest(shower({-3: 8, -1.5: 9, 0: 9, 1.5: 9, 3: 2}), GRID).ends == (-3, 1.5)


def test_the_most_readable_one_where_none_can_be_read_enough():
    assert widest(shower({-3: 1, -1.5: 4, 0: 6, 1.5: 5, 3: 2}), GRID).ends == (0, 1.5)
