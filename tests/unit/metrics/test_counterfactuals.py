"""Measures of counterfactuals, on cases whose value is known by hand."""

import numpy as np
import pytest

from directrix.metrics.counterfactuals import (
    changed_attributes,
    correlation_difference,
    cout,
    pasted,
    split_frechet,
)


def one_hot(classes: list[int], count: int = 3) -> np.ndarray:
    return np.array(classes)[:, None] == np.arange(count)


def test_a_class_turned_into_another_changes_two_attributes() -> None:
    before, after = one_hot([0, 0, 1, 2]), one_hot([1, 0, 2, 2])
    assert changed_attributes(before, after) == 1.0


def test_correlations_as_in_the_data_make_no_difference() -> None:
    data = np.array([[0, 0], [1, 1], [0, 0], [1, 1]], bool)
    before, after = np.zeros((4, 2), bool), data
    assert correlation_difference(before, after, data, np.array([0, 1])) == pytest.approx(0)
    alone = after & np.array([True, False])
    assert correlation_difference(before, alone, data, np.array([0])) == pytest.approx(1)


def test_an_attribute_that_never_changes_counts_as_uncorrelated() -> None:
    data = np.array([[0, 1], [1, 0]] * 4, bool)
    still = np.zeros((8, 2), bool)
    assert correlation_difference(still, still, data, np.array([0])) == pytest.approx(2)


def test_halves_see_that_answers_resemble_their_own_originals() -> None:
    rows = np.random.Generator(np.random.Philox(1)).normal(size=(40, 6))
    split = split_frechet(rows, rows, runs=3, seed=0)
    assert split > 0.1
    assert split == split_frechet(rows, rows, runs=3, seed=0)
    assert split_frechet(rows, rows + 3, runs=3, seed=0) == pytest.approx(split + 54, rel=0.05)


def test_pixels_are_pasted_most_changed_first() -> None:
    original = np.zeros((2, 2, 1), np.uint8)
    answer = np.array([[[10], [40]], [[30], [20]]], np.uint8)
    steps = pasted(original, answer, steps=4)
    assert [step.ravel().tolist() for step in steps] == [
        [0, 0, 0, 0],
        [0, 40, 0, 0],
        [0, 40, 30, 0],
        [0, 40, 30, 20],
        [10, 40, 30, 20],
    ]


def test_cout_is_high_where_one_pixel_does_it_and_low_where_all_are_needed() -> None:
    original = np.zeros((4, 4, 1), np.uint8)
    answer = np.full((4, 4, 1), 100, np.uint8)
    answer[0, 0] = 200

    def sees(threshold: int):
        def chances(images: np.ndarray) -> np.ndarray:
            reached = (images > 0).sum((1, 2, 3)) >= threshold
            return np.stack([~reached, reached], 1).astype(float)

        return chances

    first, last = (cout(original, answer, 0, 1, sees(n)) for n in (1, 16))
    assert first > 0.9
    assert last < -0.9
    assert cout(original, original, 0, 1, sees(1)) == -1
