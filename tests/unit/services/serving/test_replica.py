"""The replica by itself: what happens to a batch whose pass fails, and to callers that leave."""

import asyncio

import numpy as np
import pytest
import torch

from directrix.errors import BudgetSpent
from directrix.inference.v1 import inference_service_pb2 as pb
from directrix.types import Form, Recipe, SeedSource
from directrix.v1 import values_pb2
from services.artifacts.catalogue import Catalogue
from services.artifacts.folder import FolderStore
from services.serving.models import Models
from services.serving.replica import Replica, draw
from services.settings import Settings
from tests.contract.inference_world import World, build_world


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return build_world(tmp_path_factory.mktemp("store"))


@pytest.fixture
def replica(world):
    settings = Settings(store_kind="folder", store_folder=world.folder)
    replica = Replica(Catalogue(FolderStore(world.folder)), settings)
    yield replica
    replica.close()


class Failing:
    """A renderer's render, which refuses every batch that holds a marked plan."""

    def __init__(self, renderer, bad: set[int], error: Exception):
        self.renderer, self.bad, self.error = renderer, bad, error

    def render(self, plans, form):
        if any(plan.recipe.source.index in self.bad for plan in plans):
            raise self.error
        return self.renderer.render(plans, form)


@pytest.mark.parametrize(
    ("error", "reason"), [(RuntimeError("inside"), "INTERNAL"), (BudgetSpent("b"), "BUDGET_SPENT")]
)
def test_a_failing_pass_fails_only_the_item_that_it_fails_for(world, error, reason):
    models = Models(Catalogue(FolderStore(world.folder)), torch.device("cpu"), 2)
    renderer = models.renderer(world.generator, (world.judge,))
    plans = [renderer.plan(Recipe(world.generator, SeedSource(1, i))) for i in range(5)]
    drawn = draw(Failing(renderer, {3}, error), Form.RESULT, plans)
    whole = renderer.render(plans, Form.RESULT)
    assert getattr(drawn[3], "reason", None) == reason
    assert "inside" not in str(drawn[3])
    for i in (0, 1, 2, 4):
        assert np.array_equal(drawn[i][0], whole.images[i])


def request(world: World, *indices: int) -> pb.RenderRequest:
    recipes = [
        values_pb2.Recipe(generator=world.generator, seed=values_pb2.SeedSource(seed=1, index=i))
        for i in indices
    ]
    return pb.RenderRequest(generator=world.generator, predictors=[world.judge], recipes=recipes)


def test_calls_that_wait_together_get_their_own_items(world, replica):
    async def both():
        return await asyncio.gather(*(replica.render(request(world, i, i + 1)) for i in range(30)))

    answers = asyncio.run(both())
    for i, answer in enumerate(answers):
        alone = asyncio.run(replica.render(request(world, i, i + 1)))
        assert list(answer.items) == list(alone.items)


def test_answers_carry_errors_that_name_no_inside(world, replica, tmp_path):
    broken = Replica(Catalogue(FolderStore(tmp_path)), Settings())
    answer = asyncio.run(broken.render(request(world, 0)))
    broken.close()
    assert answer.error.reason == "MODEL_NOT_FOUND"
    assert str(tmp_path) not in answer.error.message
