"""Equal cells and differences that do not leak."""

import numpy as np
import pytest

from directrix.correction import balanced, cells, mean_difference, paired_difference


def test_cells_are_numbered_by_label_and_partners() -> None:
    labels, partners = np.array([0, 1, 0, 1]), np.array([[0], [0], [1], [1]])
    assert cells(labels, partners).tolist() == [0, 1, 2, 3]
    assert cells(labels, np.empty((4, 0))).tolist() == [0, 1, 0, 1]


def test_balanced_cells_have_the_size_of_the_fullest() -> None:
    cell = np.repeat([0, 1, 3], [10, 2, 5])
    picks = balanced(cell, seed=1)
    assert np.bincount(cell[picks], minlength=4).tolist() == [10, 10, 0, 10]
    assert picks[:17].tolist() == list(range(17))
    assert np.array_equal(picks, balanced(cell, seed=1))


def test_mean_difference_within_cells_does_not_leak() -> None:
    """Axis 0 tells the label, axis 1 the partner; both go together in 9 of 10 samples."""
    labels = np.repeat([0, 0, 1, 1], [90, 10, 10, 90])
    beside = np.repeat([0, 1, 0, 1], [90, 10, 10, 90])
    codes = np.stack([labels, beside], 1).astype(np.float64)
    one = mean_difference(codes, labels, labels)
    assert one[1] / one[0] == pytest.approx(0.8)
    assert mean_difference(codes, labels, cells(labels, beside[:, None])) == pytest.approx([1, 0])


def test_mean_difference_without_a_whole_cell_is_the_plain_one() -> None:
    labels = np.array([0, 0, 1, 1])
    codes = np.stack([labels, labels], 1).astype(np.float64)
    found = mean_difference(codes, labels, cells(labels, labels[:, None]))
    assert found == pytest.approx([0.5**0.5, 0.5**0.5])


def test_paired_difference_forgets_the_sources() -> None:
    chance = np.random.Generator(np.random.Philox(1))
    sources = 100 * chance.standard_normal((8, 2, 3))
    sides = np.array([1.0, 1, 1, 1, 1, 1, 1, -1])
    step = np.zeros((2, 3))
    step[1, 2] = 2
    codes = sources + sides[:, None, None] * step
    assert paired_difference(sources, codes, sides) == pytest.approx(step / 2)
