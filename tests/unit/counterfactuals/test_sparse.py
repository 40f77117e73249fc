"""The sparse search on a linear toy: as short as the closed form says."""

import numpy as np
import pytest

from directrix.counterfactuals import SparseSearch
from directrix.types import Direction, Space, Status
from tests.contract.questions import keep
from tests.unit.counterfactuals.latents import ask, two_classes, within

SLOPES = np.array([0.1, -0.2, 0.0, 0.3, 0.0, -0.9, 0.2, 0.5])
HERE = np.array([0.4, 0.1, -0.6, -0.2, 0.3, 0.5, 0.0, 0.2])


def test_the_shortest_flip_is_that_of_the_closed_form() -> None:
    """Of unit findings v_k it is |m| / max |slopes . v_k|, along that one, uphill."""
    world = two_classes(SLOPES)
    chance = np.random.Generator(np.random.Philox(4))
    vectors = chance.standard_normal((6, len(SLOPES)))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    digest = keep(world, *(Direction(Space.Z, vector, 1.0) for vector in vectors))
    steep = vectors @ SLOPES
    best = int(np.abs(steep).argmax())
    question = within(ask(world, HERE), finding_set=digest)
    answer = SparseSearch(tolerance=1e-5).explain(question, world.renderer)
    assert answer.status is Status.FOUND
    assert [moved.index for moved in answer.moved] == [best]
    assert answer.moved[0].alpha == pytest.approx(-float(SLOPES @ HERE) / steep[best], abs=1e-4)
