"""A known normal is found, of unit length and the right sign."""

import numpy as np

from directrix.learners.svm import SvmLearner
from tests.unit.learners.toys import clouds


def test_finds_the_normal_of_unit_length() -> None:
    latents, labels, normal = clouds()
    found = SvmLearner()(latents, labels, seed=1)
    assert abs(np.linalg.norm(found) - 1) < 1e-12
    assert found @ normal > 0.98


def test_points_towards_label_one() -> None:
    latents, labels, normal = clouds()
    found = SvmLearner()(latents, 1 - labels, seed=1)
    assert found @ normal < -0.98


def test_repeats_and_takes_any_seed() -> None:
    latents, labels, _ = clouds()
    learner = SvmLearner()
    first = learner(latents, labels, seed=2**63 - 1)
    assert np.array_equal(first, learner(latents, labels, seed=2**63 - 1))
