"""The block of layers that an edit works through."""

import numpy as np
import pytest

from directrix.correction import Reader, layer_effects, semantic_layers
from directrix.types import Space
from tests.contract.toys import style_world


def test_the_block_with_the_effect_and_without_the_side_effects() -> None:
    effects = np.array([[0.05, 0.9], [0.5, 0.1], [0.4, 0.0], [0.05, 0.8]])
    assert semantic_layers(effects, 0) == (1, 2)


def test_more_effect_is_kept_where_more_is_asked_for() -> None:
    effects = np.array([[0.1, 0.9], [0.5, 0.1], [0.4, 0.3]])
    assert semantic_layers(effects, 0, kept=0.5) == (1,)
    assert semantic_layers(effects, 0, kept=0.95) == (0, 1, 2)


def test_a_falling_target_counts_like_a_rising_one() -> None:
    effects = np.array([[-0.05, 0.9], [-0.9, 0.1]])
    assert semantic_layers(effects, 0) == (1,)


def test_no_effect_at_all_means_all_layers() -> None:
    assert semantic_layers(np.zeros((3, 2)), 0) == (0, 1, 2)


def test_effects_of_single_layers() -> None:
    world = style_world()
    reader = Reader(world.generator, (world.predictor,), Space.W_PLUS)
    chance = np.random.Generator(np.random.Philox(1))
    codes = 0.3 * chance.standard_normal((5, 4, 8)).astype(np.float32)
    moved = codes.copy()
    moved[:, 2] += 0.5
    effects = layer_effects(reader, codes, moved, np.array([1.0, 2.0, 0.0]))
    change = (reader.scores(moved) - reader.scores(codes)).mean(0)
    assert effects[2] == pytest.approx([change[0], change[1] / 2, 0], abs=1e-5)
    assert np.abs(effects[[0, 1, 3]]).max() == 0
