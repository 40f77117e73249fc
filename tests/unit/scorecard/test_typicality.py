"""Densities and lengths of moved latents, space by space."""

import numpy as np
import pytest

from directrix.archive import finding_set_digest
from directrix.discovery import Problem
from directrix.scorecard import Typicality
from directrix.types import Direction, FindingRef, FindingSet, Move, Provenance, Space, Units
from tests.contract.toys import World, style_world

SEED, SAMPLES = 2**62 + 9, 200


@pytest.fixture(scope="module")
def world() -> World:
    return style_world()


def directions(world: World) -> FindingSet:
    """One in every space, of the length of one SD of a coordinate there, then units."""
    chance = np.random.Generator(np.random.Philox(1))
    findings = []
    for space in world.generator.spaces:
        d, layers = world.generator.dimension(space), world.generator.num_layers(space)
        vector = chance.standard_normal((layers, d) if space is Space.W_PLUS else (d,))
        spread = Problem(world.generator).sample(SEED, 0, 500, space).std(0).mean()
        findings.append(Direction(space, vector / np.linalg.norm(vector), float(spread)))
    layer = world.generator.card.layers[0].name
    units = Units(layer, np.array([0]), np.array([1.0]))
    provenance = Provenance(method="hand", version="1", generator=world.generator.card.digest)
    return FindingSet((*findings, units), provenance)


@pytest.fixture(scope="module")
def seen(world: World) -> dict:
    found = directions(world)
    digest = finding_set_digest(found)
    look = Typicality(world.generator, {digest: found}.__getitem__, SEED, 64)
    moves = [
        [Move(FindingRef(digest, i), alpha) for alpha in (-3.0, 0.0, 3.0, 30.0)]
        for i in range(len(found))
    ]
    places = (*world.generator.spaces, "units")
    return {p: look(m, 0, SAMPLES) for p, m in zip(places, moves, strict=True)}


def test_standing_still_changes_nothing(seen: dict) -> None:
    for place in seen.keys() - {"units"}:
        moved = seen[place]
        assert moved.ratio[1] == pytest.approx(1)
        assert moved.typical[1]
        if place is not Space.S:
            assert moved.density[1] == pytest.approx(0, abs=1e-9)


def test_the_prior_is_exact(seen: dict) -> None:
    """log N(z + a v) - log N(z) = -a z.v - a^2 / 2; scale is 1 SD."""
    moved = seen[Space.Z]
    both = (moved.density[0] + moved.density[2]) / 2
    assert both == pytest.approx(np.full(SAMPLES, -4.5), rel=0.1)


def test_far_away_is_unlikely_long_and_not_typical(seen: dict) -> None:
    for place in seen.keys() - {"units"}:
        moved = seen[place]
        assert moved.ratio.shape == (4, SAMPLES)
        assert moved.ratio[3].mean() > moved.ratio[2].mean() > 1
        assert not moved.typical[3]
    for place in (Space.Z, Space.W, Space.W_PLUS):
        assert seen[place].density[3].mean() < seen[place].density[2].mean() < 0


def test_there_is_no_density_of_styles_and_nothing_of_units(seen: dict) -> None:
    assert np.isnan(seen[Space.S].density).all()
    assert seen["units"] is None
