"""The renderer: plans, edits of every kind, masks, scores, samples, inversions."""

import numpy as np
import pytest
import torch

from directrix import population
from directrix.archive import to_pixels
from directrix.errors import (
    InvalidField,
)
from directrix.inversion import Search
from directrix.types import (
    FindingRef,
    Form,
    Latent,
    LatentSource,
    Space,
    Walk,
)
from tests.contract import models
from tests.unit.rendering.world import LAYERED, MASK, STYLE_FINDINGS, World, mixed, move, unit


def test_a_seed_is_a_sample_of_the_population(world):
    z = torch.from_numpy(population.latents(3, 0, 1, 6))
    w = world.generator.truncate(world.generator.convert(z, Space.Z, Space.W), Space.W, 0.7)
    wanted = to_pixels(world.generator.synthesise(w, Space.W).numpy())[0]
    made = world.image(truncation=0.7)
    assert np.abs(made.astype(int) - wanted).max() <= 1
    sample = world.renderer.sample(3, 0, 1, Space.W, 0.7)
    assert np.array_equal(world.latent(truncation=0.7), sample.values[0])
    as_latent = world.image(source=LatentSource(sample))
    assert np.array_equal(as_latent, made)


def test_moves_act_in_their_space_with_their_unit(world):
    w = world.latent()
    assert np.allclose(world.latent(move(1)) - w, 2 * 0.5 * unit(8, 1))
    plane = world.latent(move(5, coefficients=(1.0, -0.5)))
    assert np.allclose(plane - w, 2 * np.r_[1.0, -1.0, np.zeros(6)])
    first_row = world.latent(move(5, coefficients=(1.0, 0.0)))
    assert np.array_equal(world.latent(move(5)), first_row)
    assert np.allclose(world.latent(move(6)) - w, 2 * 0.5 * unit(8, 0))
    rows = world.latent(move(2)) - w
    assert rows.shape == (6, 8)
    assert np.allclose(rows[4], unit(8, 1)) and np.abs(rows[[0, 1, 2, 3, 5]]).max() == 0
    assert np.allclose(world.latent(move(3)) - w, LAYERED)
    assert np.allclose(world.latent(move(1, layers=(0, 5)))[[0, 5]] - w, unit(8, 1))
    styles = world.renderer.sample(3, 0, 1, Space.S).values[0]
    assert np.allclose(world.latent(move(4)) - styles, 4 * unit(49, 3), atol=1e-5)
    added = 2 * (unit(49, 0) + 0.5 * unit(49, 9))
    assert np.allclose(world.latent(move(8)) - styles, added, atol=1e-5)


def test_spaces_are_passed_in_order_whatever_the_recipes_order(world):
    z = population.latents(3, 0, 1, 6)[0] + 2 * unit(6, 0).astype(np.float32)
    source = LatentSource(Latent(Space.Z, world.digest, z[None]))
    expected = world.latent(move(1), source=source)
    for moves in ((move(0), move(1)), (move(1), move(0))):
        assert np.array_equal(world.latent(*moves), expected)


def test_truncation_comes_before_moves_and_only_for_seeds(world):
    low = world.renderer.sample(3, 0, 1, Space.W, 0.5)
    assert np.allclose(world.latent(move(1), truncation=0.5), low.values[0] + unit(8, 1))
    source = LatentSource(low)
    assert np.array_equal(world.latent(source=source, truncation=0.5), low.values[0])


def test_findings_of_w_move_every_row_of_an_inverted_latent(world):
    source = LatentSource(world.renderer.sample(3, 0, 1, Space.W_PLUS))
    moved = world.latent(move(1), source=source) - source.latent.values[0]
    assert np.allclose(moved, np.tile(unit(8, 1), (6, 1)))


def test_walks_reach_the_latent(world):
    w = world.latent()
    for walk in (Walk.NORM_PRESERVING, Walk.GREAT_CIRCLE):
        moved = world.latent(move(1, walk=walk))
        assert np.linalg.norm(moved) == pytest.approx(np.linalg.norm(w), rel=1e-5)
        assert np.abs(moved - w).max() > 0.1
    condition = (FindingRef("found", 9),)
    free = world.latent(move(10, walk=Walk.CONDITIONAL), conditions=condition)
    assert np.allclose(free - w, 2 * 0.5 * unit(8, 1), atol=1e-6)


def test_units_blend_towards_their_targets(world):
    seen = []

    def blend(features):
        features = features.clone()
        for channel, target in ((1, 2.0), (4, -2.0)):
            features[:, channel] += 0.5 * (target - features[:, channel])
        seen.append(features)
        return features

    w = torch.tensor(world.latent()[None])
    made = world.generator.synthesise(w, Space.W, taps={"b8_conv0": blend})
    wanted = to_pixels(made.numpy())[0]
    image = world.image(move(7, alpha=0.5))
    assert np.abs(image.astype(int) - wanted).max() <= 1
    assert np.abs(image.astype(int) - world.image()).max() > 5


@pytest.mark.parametrize("index", [1, 3, 4, 6])
def test_outside_its_mask_an_edit_changes_nothing(world, index):
    plain = world.image()
    inside = world.image(move(index, alpha=4.0, mask=MASK)).astype(int)
    assert np.array_equal(inside[:, 6:], plain[:, 6:])
    assert np.abs(inside[:, :6] - plain[:, :6]).max() > 5
    whole = world.image(move(index, alpha=4.0, mask=np.ones((12, 12))))
    assert np.array_equal(whole, world.image(move(index, alpha=4.0)))


def test_masked_units_act_inside_their_mask(world):
    plain = world.image().astype(int)
    edited = world.image(move(7, alpha=2.0, mask=MASK)).astype(int)
    assert np.abs(edited - plain)[:, :4].mean() > 4 * np.abs(edited - plain)[:, 10:].mean()
    everywhere = world.image(move(7, alpha=2.0, mask=np.ones((12, 12))))
    assert np.array_equal(everywhere, world.image(move(7, alpha=2.0)))


def test_two_masks_hold_two_edits(world):
    right = 1 - MASK
    both = world.image(move(1, 4.0, mask=MASK), move(4, 4.0, mask=right), move(9, 1.0))
    left_only = world.image(move(1, 4.0, mask=MASK), move(9, 1.0))
    neither = world.image(move(9, 1.0))
    assert np.array_equal(both[:, :6], left_only[:, :6])
    assert np.array_equal(left_only[:, 6:], neither[:, 6:])
    assert np.abs(both[:, 6:].astype(int) - neither[:, 6:]).max() > 5


def test_a_result_does_not_depend_on_its_companions(world):
    recipes = mixed(world, 26)
    plans = [world.renderer.plan(recipe) for recipe in recipes]
    together = world.renderer.render(plans)
    assert len({image.tobytes() for image in together.images}) == 26
    turned = world.renderer.render(plans[::-1])
    assert np.array_equal(turned.images[::-1], together.images)
    assert np.array_equal(turned.scores[::-1], together.scores)
    for i in (0, 3, 4, 7, 25):
        alone = world.renderer.render([plans[i]])
        assert np.array_equal(alone.images[0], together.images[i])
        assert np.array_equal(alone.scores[0], together.scores[i])


def test_a_fresh_renderer_gives_the_same_bytes(world):
    recipes = mixed(world, 6)
    other = World("style", STYLE_FINDINGS, [models.predictor("convolutional")])
    plans = [world.renderer.plan(recipe) for recipe in recipes]
    again = [other.renderer.plan(recipe) for recipe in recipes]
    first, second = world.renderer.render(plans), other.renderer.render(again)
    assert np.array_equal(first.images, second.images)
    assert np.array_equal(first.scores, second.scores)


def test_a_preview_is_close_to_the_result(world):
    plans = [world.renderer.plan(recipe) for recipe in mixed(world, 12)]
    result, preview = (world.renderer.render(plans, form) for form in (Form.RESULT, Form.PREVIEW))
    difference = np.abs(result.images.astype(int) - preview.images)
    assert difference.mean() < 0.5
    assert np.abs(result.scores - preview.scores).max() < 0.1


def test_scores_are_those_of_the_pixels(world):
    plans = [world.renderer.plan(world.recipe(index=i)) for i in range(3)]
    rendered = world.renderer.render(plans)
    images = torch.from_numpy(rendered.images.transpose(0, 3, 1, 2).copy()).float() / 127.5 - 1
    wanted = models.predictor("convolutional").scores(images).numpy()
    np.testing.assert_allclose(rendered.scores, wanted, atol=1e-5)
    latents = world.renderer.sample(3, 0, 3, Space.W)
    assert np.array_equal(world.renderer.score(latents), rendered.scores)
    in_z = world.renderer.score(world.renderer.sample(3, 0, 3, Space.Z))
    assert np.array_equal(in_z, rendered.scores)


def test_scores_of_several_predictors_stand_side_by_side():
    one = models.predictor("linear")
    world = World("linear", (), [one, one])
    latents = world.renderer.sample(1, 0, 20, Space.Z)
    scores = world.renderer.score(latents)
    assert scores.shape == (20, 4)
    assert np.array_equal(scores[:, :2], scores[:, 2:])
    axes = np.eye(3)[:2]
    np.testing.assert_allclose(scores[:, :2], latents.values @ axes.T, atol=0.05)
    bare = World("linear", ())
    assert bare.renderer.score(latents).shape == (20, 0)


def test_samples_do_not_depend_on_the_shard(world):
    whole = world.renderer.sample(5, 0, 20, Space.S, 0.8)
    part = world.renderer.sample(5, 13, 2, Space.S, 0.8)
    assert np.array_equal(part.values, whole.values[13:15])
    assert (whole.space, whole.generator) == (Space.S, world.digest)
    assert world.renderer.sample(5, 0, 0, Space.W).values.shape == (0, 8)


def test_samples_before_the_truncation_are_the_priors_own(world):
    z = population.latents(5, 0, 3, 6)
    assert np.array_equal(world.renderer.sample(5, 0, 3, Space.Z, 0.5).values, z)
    only_z = World("dcgan", ())
    halved = only_z.renderer.sample(5, 0, 3, Space.Z, 0.5).values
    assert np.array_equal(halved, population.latents(5, 0, 3, 10) * np.float32(0.5))


@pytest.mark.slow
def test_an_image_is_inverted_and_its_reconstruction_is_a_recipe(world):
    image = world.image(index=4)
    found = world.renderer.invert(image, Search(steps=40))
    assert found.latent.space is Space.W_PLUS
    assert np.array_equal(world.image(source=LatentSource(found.latent)), found.reconstruction)
    assert found.error == pytest.approx(
        np.square((found.reconstruction.astype(float) - image) / 127.5).mean(), rel=1e-4
    )
    assert found.error < 0.05
    assert found.noise_error is None
    again = world.renderer.invert(image, Search(Space.W_PLUS, 40))
    assert np.array_equal(again.latent.values, found.latent.values)
    noisy = world.renderer.invert(image, Search(steps=40, noise=True))
    assert noisy.noise_error < 0.1
    with pytest.raises(InvalidField, match="12 x 12 x 1"):
        world.renderer.invert(image[:5], Search(steps=40))


def test_pictures_are_judged_as_renderings_are(world):
    plans = [world.renderer.plan(world.recipe(index=i)) for i in range(3)]
    rendered = world.renderer.render(plans)
    assert np.array_equal(world.renderer.judge(rendered.images), rendered.scores)


def test_extreme_edits_stay_finite(world):
    moves = [move(4, 100.0), move(8, -100.0), move(7, 100.0)]
    plan = world.renderer.plan(world.recipe(*moves))
    assert np.isfinite(world.renderer.render([plan]).scores).all()
