"""Questions about the linear toy: findings along its axes, latents with known coordinates."""

import numpy as np

from directrix.types import (
    Direction,
    Finding,
    FindingSet,
    Latent,
    LatentSource,
    Provenance,
    Recipe,
    Space,
)
from tests.contract.toys import DIMENSION, World

SHORT = ("bisection", "sparse")
"""Explainers that move findings and make their answers short."""
BY_FINDINGS = (*SHORT, "descent")
"""Explainers that need a finding set."""


def keep(world: World, *findings: Finding) -> str:
    provenance = Provenance(method="hand", version="1", generator=world.generator.card.digest)
    return world.keep(FindingSet(findings, provenance))


def along_axes(world: World) -> str:
    return keep(world, *(Direction(Space.Z, axis, 1.0) for axis in world.axes))


def start(world: World, *coordinates: float) -> Recipe:
    """A latent with these coordinates along the axes, 0 along the others."""
    values = np.zeros(DIMENSION)
    values[: len(coordinates)] = coordinates
    digest = world.generator.card.digest
    return Recipe(digest, LatentSource(Latent(Space.Z, digest, (values @ world.axes)[None])))
