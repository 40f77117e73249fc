"""Channels that go together by construction are found together."""

import numpy as np
import pytest
import torch

from directrix.densities import linear
from directrix.population import latents
from directrix.traversal import (
    ChannelSubspaces,
    FeatureReader,
    Moments,
    change_moments,
    cluster_channels,
    express,
)
from directrix.types import Space
from tests.contract.toys import DIMENSION, linear_world

GROUPS = np.repeat([0, 1, 2], [6, 5, 4])


def moments(noise: float = 0.3) -> Moments:
    """Three groups of channels, each moved by a cause of its own; one more channel is dead."""
    chance = np.random.default_rng(0)
    causes = chance.standard_normal((4000, 3, 2))
    loads = chance.standard_normal((len(GROUPS), 2)) + 0.5
    rows = np.einsum("ncd,cd->nc", causes[:, GROUPS], loads)
    rows += noise * chance.standard_normal(rows.shape)
    rows = np.column_stack([rows, np.full(len(rows), 7.0)])
    return Moments(rows.mean(0), np.cov(rows, rowvar=False))


def test_planted_groups_are_found_the_largest_first() -> None:
    found = cluster_channels("b8", moments(), express(moments()), 3)
    assert isinstance(found, ChannelSubspaces)
    assert [mask.sum() for mask in found.masks] == [6, 5, 4]
    assert np.array_equal(found.masks[:, :-1].argmax(0), GROUPS)
    assert not found.masks[:, -1].any()


def test_self_expression_minimises_its_objective() -> None:
    """The gradient of |F - F S|^2 + mu |S|^2 off the diagonal is 0, and the diagonal is 0."""
    m = moments()
    s = express(m)
    alive = m.covariance[m.alive][:, m.alive]
    deviation = np.sqrt(np.diag(alive))
    correlation = alive / np.outer(deviation, deviation)
    slope = correlation @ s - correlation + 0.1 * s
    np.fill_diagonal(slope, 0.0)
    assert np.diag(s) == pytest.approx(np.zeros(len(s)))
    assert slope == pytest.approx(np.zeros_like(slope), abs=1e-9)


def test_strength_is_the_mean_of_a_groups_channels() -> None:
    masks = np.array([[True, True, False], [False, False, True]])
    found = ChannelSubspaces("b8", masks, np.zeros(3))
    assert found.strength(np.array([1.0, 3.0, 5.0])) == pytest.approx([2.0, 5.0])


def test_there_are_no_more_groups_than_channels() -> None:
    found = cluster_channels("b8", moments(), express(moments()), 99)
    assert len(found.masks) == len(GROUPS)


def test_moments_of_changes_are_those_of_the_formula() -> None:
    """Of a linear generator: the same A v at every latent, back and forth."""
    world = linear_world()
    reader = FeatureReader(world.generator, Space.Z, ["plane"])
    starts = torch.from_numpy(latents(3, 0, 5, DIMENSION))
    away = 2.0 * torch.from_numpy(world.axes[0]).float()
    before, after = reader(starts)[0], reader(linear(starts, away.expand_as(starts)))[0]
    spread = torch.full((1, before.shape[1], 1, 1), 0.5)
    found = change_moments(reader, linear, starts, away, spread)
    rows = ((after - before)[0] / 0.5).flatten(1).T.double().numpy()
    assert found.covariance == pytest.approx(rows.T @ rows / len(rows), rel=1e-4)
    assert not found.means.any()
