import numpy as np
import pytest

from directrix.counterfactuals.additive import EACH, Additive

REACH = np.array([2.0, 2.0, 0.5])
BASE = np.array([1.0, 0.0])
"""Scores of two classes; what is wanted is the second's lead."""


def lead(scores: np.ndarray) -> np.ndarray:
    return np.asarray(scores[:, 1] - scores[:, 0])


def of_lead(gains: list[float]) -> np.ndarray:
    """Scores [n, 2] whose second class has gained this much."""
    return BASE + np.outer(gains, [0, 1])


def single(axis: int, alpha: float) -> np.ndarray:
    return alpha * np.eye(3)[axis]


@pytest.fixture
def guess() -> Additive:
    """Axis 0 gains 1 an SD upwards, axis 1 gains 3 an SD downwards but saturates at 1 SD."""
    made = Additive(REACH, 2, BASE, lead)
    rows = [single(0, 1), single(0, 2), single(1, -1), single(1, -2), single(2, 0.5)]
    made.learn(np.stack(rows), of_lead([1.0, 2.0, 3.0, 3.0, -1.0]))
    return made


def test_the_best_guess_is_the_best_of_what_adds_up(guess: Additive) -> None:
    asked = guess.suggest(2.0, 4)
    assert asked.rows[0] == pytest.approx([1.0, -1.0, 0.0])
    assert asked.sums[0] == pytest.approx([1.0, 4.0])
    assert (np.diff(lead(asked.sums)) <= 0).all()
    assert np.abs(asked.rows).sum(1) == pytest.approx(2.0)


def test_two_ways_to_different_classes_do_not_add_up() -> None:
    """Each of the first two axes alone is nearer to a class than the third; together they are to
    none."""

    def best_other(scores: np.ndarray) -> np.ndarray:
        return np.asarray(scores[:, 1:].max(1) - scores[:, 0])

    guess = Additive(np.full(3, 2.0), 2, np.zeros(3), best_other)
    gains = [[0.0, 3.0, 0.0], [0.0, 0.0, 3.0], [0.0, 2.0, 0.0]]
    guess.learn(np.eye(3), np.array(gains))
    assert guess.suggest(2.0, 1).rows[0] == pytest.approx([1.0, 0.0, 1.0])


def test_one_alone_is_suggested_too(guess: Additive) -> None:
    assert guess.suggest(0.5, 1).rows[0] == pytest.approx([0.0, -0.5, 0.0])


def test_the_steepest_ways_are_those_that_gain_most_at_a_length(guess: Additive) -> None:
    assert (guess.steepest(1.0, 2) == [-single(1, 1), single(0, 1)]).all()
    assert (guess.steepest(1.0, 6)[-1] == single(2, 1)).all()


def test_nothing_goes_beyond_its_reach(guess: Additive) -> None:
    rows = guess.suggest(3.0, 100).rows
    assert len(rows) and (np.abs(rows) <= REACH + 1e-9).all()
    assert not len(guess.suggest(4.5, 10).rows)


def test_a_pair_is_suggested_a_few_times_only(guess: Additive) -> None:
    rows = guess.suggest(2.0, 100).rows
    pairs = [tuple(np.sign(row)) for row in rows if np.count_nonzero(row) == 2]
    assert max(pairs.count(pair) for pair in pairs) == EACH


def test_nothing_is_suggested_twice(guess: Additive) -> None:
    asked = guess.suggest(2.0, 3)
    guess.correct(asked, asked.sums)
    again = guess.suggest(2.0, 3)
    assert not {row.tobytes() for row in asked.rows} & {row.tobytes() for row in again.rows}


def test_where_everything_was_tried_nothing_is_left_to_suggest(guess: Additive) -> None:
    seen: set[bytes] = set()
    while len(rows := (asked := guess.suggest(2.0, 100)).rows):
        assert not seen & {row.tobytes() for row in rows}
        seen |= {row.tobytes() for row in rows}
        guess.correct(asked, asked.sums)
    assert len(seen) > 4


@pytest.fixture
def four() -> Additive:
    """Of the pairs of four axes the first two gain most; each axis has a score of its own."""
    made = Additive(np.full(4, 2.0), 2, np.zeros(6), lead)
    gains = np.array([2.0, 2.0, 1.9, 1.9])
    rows = np.concatenate([np.eye(4), 2 * np.eye(4)])
    scores = np.concatenate([np.zeros((4, 1)), gains[:, None], 3 * np.eye(4)], 1)
    made.learn(rows, np.concatenate([scores, 2 * scores]))
    return made


def mains(guess: Additive) -> list[int]:
    """The axis that each suggestion moves farthest, the best first."""
    return [int(np.abs(row).argmax()) for row in guess.suggest(2.0, 400).rows]


def look(guess: Additive, row: list[float], surprise: float) -> None:
    """It is looked at, and its second score is not what its parts add up to."""
    asked = guess.suggest(2.0, 400)
    chosen = asked.only(np.flatnonzero((asked.rows == row).all(1)))
    assert len(chosen.rows) == 1
    guess.correct(chosen, chosen.sums + surprise * np.eye(6)[1])


def test_what_a_pair_missed_is_expected_of_its_neighbours(four: Additive) -> None:
    assert mains(four).index(1) < mains(four).index(2)
    look(four, [0.25, 1.75, 0, 0], -2.0)
    assert mains(four).index(0) < mains(four).index(2) < mains(four).index(1)


def test_what_a_pair_has_above_its_sum_draws_its_neighbours(four: Additive) -> None:
    assert mains(four)[0] == 0
    look(four, [0, 0, 0.25, 1.75], 5.0)
    assert mains(four)[0] == 3


def test_what_was_best_is_a_way_of_its_own() -> None:
    guess = Additive(np.full(3, 2.0), 3, BASE, lead)
    guess.add(np.array([0.5, -0.5, 0.0]), of_lead([5.0])[0])
    guess.learn(np.stack([single(2, 1.0)]), of_lead([1.0]))
    asked = guess.suggest(2.0, 1)
    assert asked.rows[0] == pytest.approx([0.5, -0.5, 1.0])
    assert asked.sums[0] == pytest.approx([1.0, 6.0])


@pytest.mark.parametrize(("before", "length"), [(2.9, 1.0), (3.9, 2.0), (100.0, 4.0)])
def test_the_nearest_length_that_reaches(before: float, length: float) -> None:
    guess = Additive(REACH, 2, np.array([before, 0.0]), lead)
    rows = [single(0, 1), single(0, 2), single(1, -1), single(1, -2), single(2, 0.5)]
    gains = np.array([1.0, 2.0, 3.0, 3.0, -1.0])
    guess.learn(np.stack(rows), np.stack([np.full(5, before), gains], 1))
    assert guess.nearest() == pytest.approx(length)
