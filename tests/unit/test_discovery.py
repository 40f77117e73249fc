"""What the contract itself gives to methods: the journal and samples like the renderer's."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest

from directrix import methods
from directrix.discovery import Journal, Need
from directrix.errors import NeedsUnmet
from directrix.predictors import Opaque
from directrix.types import Space
from tests.contract.toys import World, linear_world, style_world


class Memory:
    def __init__(self, state: Mapping[str, np.ndarray] | None = None):
        self.state = state

    def load(self) -> Mapping[str, np.ndarray] | None:
        return self.state

    def save(self, state: Mapping[str, np.ndarray]) -> None:
        self.state = dict(state)


def test_a_journal_recalls_in_order_and_goes_on() -> None:
    memory = Memory()
    journal = Journal(memory)
    for value in (1.0, 2.0):
        assert journal.step(lambda value=value: np.array([value]))[0] == value
    again, computed = Journal(Memory(memory.state)), []

    def compute() -> np.ndarray:
        computed.append(1)
        return np.array([3.0])

    assert [again.step(compute)[0] for _ in range(3)] == [1.0, 2.0, 3.0]
    assert computed == [1]


def test_a_journal_keeps_its_order_beyond_ten_steps() -> None:
    memory = Memory()
    journal = Journal(memory)
    for value in range(12):
        journal.step(lambda value=value: np.array([value]))
    again = Journal(Memory(dict(reversed(memory.state.items()))))
    assert [int(again.step(lambda: np.array([-1]))[0]) for _ in range(12)] == list(range(12))


def test_a_journal_without_a_checkpoint_computes() -> None:
    assert Journal(None).step(lambda: np.array([4.0]))[0] == 4.0


@pytest.mark.parametrize("space", [Space.Z, Space.W, Space.W_PLUS, Space.S])
@pytest.mark.parametrize("truncation", [1.0, 0.6])
def test_samples_are_the_renderers(space: Space, truncation: float) -> None:
    world = style_world()
    found = world.problem().sample(9, 5, 20, space, truncation)
    assert np.array_equal(found, world.renderer.sample(9, 5, 20, space, truncation).values)


@pytest.mark.parametrize("world", [linear_world(), linear_world(w_dim=8)], ids=["z", "w"])
def test_samples_of_a_linear_generator_are_the_renderers(world: World) -> None:
    last = world.generator.spaces[-1]
    found = world.problem().sample(9, 5, 20, last, 0.6)
    assert np.array_equal(found, world.renderer.sample(9, 5, 20, last, 0.6).values)


@pytest.mark.parametrize(
    "name", [name for name in methods.names() if Need.NETWORKS in methods.get(name).needs]
)
def test_methods_that_need_gradients_of_predictors_say_what_a_black_box_lacks(name: str) -> None:
    world = style_world()
    problem = world.problem()
    box = Opaque(world.predictor)
    closed = replace(problem, predictors=(box.card,), networks=(box,))
    with pytest.raises(NeedsUnmet, match=f"{name} needs gradients of its predictors"):
        methods.get(name)().fit(closed)
