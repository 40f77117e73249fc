"""Channels that are known by hand: what is kept, what it costs."""

import numpy as np
import pytest

from directrix.traversal import ChannelEffects, cost, side_effects
from directrix.traversal.refinement import REACH, SHORT

LATENTS = 20
CLEAN, HARMFUL, IDLE, MENDING = range(4)
EFFECTS = np.array([[0.6, 0.1, 0.1], [0.5, 0.9, 0.9], [0.0, 0.1, -0.1], [0.5, -0.1, -0.1]])
"""Of four channels on three scorers at the first of two strides, in SD; twice at the second."""


def effects() -> ChannelEffects:
    strides = EFFECTS[:, None] * np.array([1.0, 2.0])[None, :, None]
    return ChannelEffects(np.repeat(strides[:, :, None], LATENTS, 2))


def test_side_effects_are_told_where_the_target_has_changed_by_one() -> None:
    """The clean channel is at .6, then at 1.2: it arrives two thirds of the way between them."""
    dependency, reached = side_effects(effects().of(np.eye(4, dtype=bool)[:1]), 0, 1.0)
    assert dependency == pytest.approx([0.1 / 0.6])
    assert reached == pytest.approx([1.0])


def test_a_harmful_channel_is_left_out_and_a_mending_one_taken_in() -> None:
    groups = np.array([[True, True, False, False], [False, False, True, False]])
    mask = effects().refine(groups, 0, 1.0)
    assert mask[[CLEAN, MENDING]].all()
    assert not mask[HARMFUL]
    assert cost(effects().of(mask[None]), 0, 1.0) == pytest.approx([0.0], abs=2e-3)


def test_what_arrives_nowhere_costs_infinitely_and_stays_as_it_was() -> None:
    groups = np.array([[False, False, True, False]])
    assert np.isinf(cost(effects().of(groups), 0, -1.0))
    assert effects().refine(groups, 0, -1.0).tolist() == groups[0].tolist()


def test_arriving_too_seldom_costs() -> None:
    told = effects().effects.copy()
    told[:, :, LATENTS // 2 :, 0] = 0
    (price,) = cost(told[[CLEAN]], 0, 1.0)
    assert price == pytest.approx(0.1 / 0.6 + SHORT * (REACH - 0.5))


def test_the_last_channel_is_never_left_out() -> None:
    lone = ChannelEffects(effects().effects[[HARMFUL]])
    assert lone.refine(np.array([[True]]), 0, 1.0).tolist() == [True]
