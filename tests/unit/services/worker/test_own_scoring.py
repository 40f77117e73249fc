"""A worker's own scores are those of a renderer that is asked for everything at once."""

import numpy as np
import pytest
import torch

from directrix.types import Latent, PopulationSpec, Recipe, SeedSource, Space
from services.artifacts.catalogue import Catalogue
from services.artifacts.memory import MemoryStore
from services.worker.own_scoring import OwnScoring
from tests.unit.services.worker.toy_world import LocalScoring, register

COUNT = 150


class Both:
    """Own scoring, and what it has to come to."""

    def __init__(self) -> None:
        store = MemoryStore()
        self.generator, self.predictor = (ref.digest for ref in register(store))
        self.own = OwnScoring(Catalogue(store), torch.device("cpu"), None)
        self.whole = LocalScoring(store)
        self.ticks: list[int] = []


@pytest.fixture
def both() -> Both:
    return Both()


def test_of_samples(both: Both) -> None:
    asked = (PopulationSpec(both.generator, 7), [both.predictor], 1000, COUNT)
    found = both.own.samples(*asked, both.ticks.append)
    assert np.array_equal(found, both.whole.samples(*asked, lambda done: None))
    assert both.ticks == [64, 128, COUNT]


def test_of_latents(both: Both) -> None:
    points = np.random.Generator(np.random.Philox(1)).standard_normal((COUNT, 6), np.float32)
    asked = (Latent(Space.Z, both.generator, points), [both.predictor])
    found = both.own.latents(*asked, both.ticks.append)
    assert np.array_equal(found, both.whole.latents(*asked, lambda done: None))
    assert both.ticks == [64, 128, COUNT]


def test_of_recipes_and_their_pictures(both: Both) -> None:
    recipes = [Recipe(both.generator, SeedSource(5, index)) for index in range(COUNT)]
    asked = (both.generator, [both.predictor], recipes)
    scores, images = both.own.pictures(*asked, both.ticks.append)
    wanted = both.whole.pictures(*asked, lambda done: None)
    assert np.array_equal(scores, wanted[0]) and np.array_equal(images, wanted[1])
    assert np.array_equal(both.own.recipes(*asked, lambda done: None), scores)
    assert both.ticks == [64, 128, COUNT]


def test_a_tick_may_stop_it(both: Both) -> None:
    def stop(done: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        both.own.samples(PopulationSpec(both.generator, 7), [both.predictor], 0, COUNT, stop)
