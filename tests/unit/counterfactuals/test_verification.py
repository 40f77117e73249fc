from dataclasses import replace

import numpy as np
import pytest

from directrix.counterfactuals import Question, explain, log_density_change, normal, verify
from directrix.counterfactuals.verification import VIEWS, views
from directrix.predictors import linear as linear_predictor
from directrix.types import Direction, Latent, LatentSource, Recipe, Space, Status
from tests.contract.questions import along_axes, keep, start
from tests.contract.toys import CPU, DIMENSION, IMAGE, World, linear_world


@pytest.fixture(scope="module")
def world() -> World:
    return linear_world()


def test_views_are_small_changes_and_always_the_same() -> None:
    image = np.random.default_rng(0).integers(0, 256, (8, 6, 3), np.uint8)
    made = views(image)
    assert made.shape == (VIEWS, 8, 6, 3) and made.dtype == np.uint8
    assert np.array_equal(made[0][1:, 1:], image[:-1, :-1]) or np.array_equal(
        made[0][:-1, :-1], image[1:, 1:]
    )
    assert np.array_equal(made[8], image[:, ::-1])
    noise = made[9:].astype(float) - image
    assert 2 < noise[:, 1:-1].std() < 5
    assert len(np.unique(made.reshape(VIEWS, -1), axis=0)) == VIEWS
    assert np.array_equal(made, views(image))


def test_the_share_of_views_that_agree_is_what_the_classifier_says(world: World) -> None:
    question = Question(start(world, 1.0, 0.4), along_axes(world), target="b")
    found = explain(question, world.renderer)
    verified = verify(found, question, world.renderer)
    said = world.renderer.judge(views(found.image)).argmax(1)
    assert verified.views == VIEWS
    assert verified.views_agree == np.mean(said == 1)
    assert verified.oracle_views_agree is None
    assert verified.classifier_calls == found.classifier_calls + VIEWS


@pytest.mark.parametrize(("says", "share"), [("b", 1.0), ("c", 0.0)])
def test_an_oracle_sees_the_views_too(world: World, says: str, share: float) -> None:
    tensors = {
        "B": np.zeros((3, 64), np.float32),
        "c": np.float32([scorer == says for scorer in "abc"]),
    }
    oracle = linear_predictor.build(linear_predictor.card("oracle", IMAGE, "abc"), tensors, CPU)
    question = Question(start(world, 1.0, 0.4), along_axes(world), target="b")
    found = explain(question, world.renderer)
    assert verify(found, question, world.renderer, oracle).oracle_views_agree == share


def test_without_an_answer_there_is_nothing_to_verify(world: World) -> None:
    question = Question(start(world, 2.0), along_axes(world), target="c", max_alpha=0.1)
    found = explain(question, world.renderer)
    assert found.status is Status.NOT_FOUND
    assert verify(found, question, world.renderer) is found


def test_realism_in_z_is_that_of_the_prior(world: World) -> None:
    recipe = start(world, 1.0, 0.4)
    found = explain(Question(recipe, along_axes(world), target="b"), world.renderer)
    before = recipe.source.latent.values
    wanted = (np.square(before).sum() - np.square(found.latent.values).sum()) / 2
    told = log_density_change(found, recipe, world.renderer, normal(world.renderer))
    assert told == pytest.approx(wanted, abs=1e-5)


def test_realism_in_w_is_that_of_the_population() -> None:
    mapped = linear_world(w_dim=DIMENSION)
    digest = mapped.generator.card.digest
    findings = keep(mapped, *(Direction(Space.W, axis, 1.0) for axis in mapped.axes[:3]))
    values = np.float32(0.5 * mapped.axes[:1])
    recipe = Recipe(digest, LatentSource(Latent(Space.W, digest, values)))
    found = explain(Question(recipe, findings), mapped.renderer)
    assert found.status is Status.FOUND
    usual = normal(mapped.renderer)
    sample = mapped.renderer.sample(2**61, 0, 4096, Space.W).values
    assert usual.mean == pytest.approx(sample.mean(0), abs=1e-5)
    told = log_density_change(found, recipe, mapped.renderer, usual)
    away = [row - usual.mean for row in (values[0], found.latent.values[0])]
    levels = [-0.5 * row @ usual.precision @ row for row in away]
    assert told == pytest.approx(levels[1] - levels[0], rel=1e-4, abs=1e-6)


def test_nothing_moved_nothing_told(world: World) -> None:
    recipe = start(world, 1.0, 0.2)
    found = explain(Question(recipe, along_axes(world), target="a"), world.renderer)
    assert log_density_change(found, recipe, world.renderer, normal(world.renderer)) is None
    in_s = replace(found, latent=replace(found.latent, space=Space.S))
    assert log_density_change(in_s, recipe, world.renderer, normal(world.renderer)) is None
