"""Distances between populations and overlaps of labellings at known answers."""

import numpy as np
import pytest
import torch

from directrix.zoo.avatars import rulers
from directrix.zoo.avatars.factors import NAMES
from directrix.zoo.avatars.renderer import draw
from directrix.zoo.avatars.supervision import CLASSES, classes


def test_the_distance_of_two_samples():
    first = np.array([0.0, 1, 2, 3])
    assert rulers.distance(first, first) == 0
    assert rulers.distance(first, first + 10) == 1
    assert rulers.distance(first, np.array([0.0, 1])) == pytest.approx(0.5)


def test_a_binary_factor_is_as_far_apart_as_its_shares():
    first = draw(1, 0, 400).values
    surer = first.copy()
    glasses = NAMES.index("glasses")
    surer[:, glasses] *= 5
    assert rulers.distances(first, surer) == dict.fromkeys(NAMES, 0)
    surer[:100, glasses] = -5
    taken = float((first[:100, glasses] > 0).mean()) / 4
    assert rulers.distances(first, surer)["glasses"] == pytest.approx(taken)


def test_readings_between_there_and_not_there_are_undecided():
    drawn = draw(1, 0, 400).values
    made = drawn.copy()
    made[:100, NAMES.index("age_lines")] = 0
    assert rulers.undecided(made, drawn) == pytest.approx(0.25)
    assert rulers.undecided(drawn, drawn) <= 0.01


def test_the_overlap_of_two_labellings():
    first = np.array([[[0, 0], [1, 1]]])
    second = np.array([[[0, 1], [1, 1]]])
    shares = rulers.overlap(first, second, 3)
    assert shares[:2] == pytest.approx([1 / 2, 2 / 3])
    assert np.isnan(shares[2])


def test_true_factors_are_read_without_error():
    truth = draw(1, 0, 400, dial=0.8)
    found = rulers.reading(truth.values, truth)
    assert found == pytest.approx(dict.fromkeys(NAMES, 1.0))
    assert rulers.reading(-truth.values, truth)["glasses"] == 0
    for value in rulers.dialled(truth.values).values():
        assert value == pytest.approx(0.8, abs=0.08)


def test_classes_say_what_is_worn_and_how_old():
    truth = draw(1, 0, 100)
    names = np.array(CLASSES)[classes(truth).numpy()]
    glasses = truth.values[:, NAMES.index("glasses")] > 0
    lines = truth.values[:, NAMES.index("age_lines")] > 0
    assert ((names == "glasses") == (glasses & ~lines)).all()
    assert ((names == "glasses_and_age_lines") == (glasses & lines)).all()
    scores = torch.nn.functional.one_hot(classes(truth), len(CLASSES)).numpy()
    assert rulers.accuracy(scores, truth) == 1.0
