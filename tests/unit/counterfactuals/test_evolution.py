"""Evolution on functions whose largest value is known."""

import numpy as np

from directrix.counterfactuals.evolution import Evolution

TOP = np.array([1.5, -1.0, 0.5, 0.0, 0.0, 2.0])
WIDTHS = np.array([1.0, 0.2, 0.5, 1.0, 3.0, 0.3])


def climb(seed: int, generations: int, rough: float = 0.0) -> np.ndarray:
    """The best point of a hill, uneven and `rough`."""
    evolution = Evolution(len(TOP), 16, 0.5, seed)
    best, most = np.zeros(len(TOP)), -np.inf
    for _ in range(generations):
        points = evolution.ask()
        values = -np.square((points - TOP) / WIDTHS).sum(1)
        values += rough * np.cos(20 * points).sum(1)
        if values.max() > most:
            best, most = points[int(values.argmax())], float(values.max())
        evolution.tell(values)
    return best


def test_it_finds_the_top_of_an_uneven_hill() -> None:
    assert np.abs(climb(1, 120) - TOP).max() < 1e-2


def test_it_finds_the_top_of_a_rough_hill() -> None:
    assert np.abs((climb(1, 120, rough=0.05) - TOP) / WIDTHS).max() < 0.5


def test_the_same_seed_gives_the_same_points() -> None:
    assert (climb(3, 10) == climb(3, 10)).all()
    assert (climb(3, 10) != climb(4, 10)).any()


def test_more_generations_come_nearer() -> None:
    misses = [np.abs((climb(2, count) - TOP) / WIDTHS).max() for count in (5, 30, 120)]
    assert misses[0] > misses[1] > misses[2]
