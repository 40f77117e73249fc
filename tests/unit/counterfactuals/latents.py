"""Questions about linear toys whose shortest flips are known in closed form."""

from dataclasses import replace

import numpy as np

from directrix.counterfactuals import Question
from directrix.predictors import Opaque
from directrix.rendering import Renderer
from directrix.types import Latent, LatentSource, Recipe, Space
from tests.contract.toys import DIMENSION, World, linear_world

SIDE = 512
"""Pixels enough that rounding them moves no margin by 1e-4."""


def two_classes(difference: np.ndarray, side: int = SIDE, **parts: object) -> World:
    """b scores difference . u and a scores nothing: the margin of b is linear in u."""
    readings = np.stack([np.zeros(DIMENSION), difference])
    even = np.ones(DIMENSION)
    return linear_world(readings, side=side, spectrum=even, contrast=0.5, **parts)


def ask(world: World, at: np.ndarray, **parts: object) -> Question:
    """For b, of the image of z = at; no finding set."""
    digest = world.generator.card.digest
    source = LatentSource(Latent(Space.Z, digest, np.asarray(at, np.float32)[None]))
    return Question(Recipe(digest, source), "", target="b", **parts)


def black_box(world: World) -> Renderer:
    """Its classifier tells scores and nothing else."""
    return Renderer(world.generator, [Opaque(world.predictor)], world.sets.__getitem__)


def within(question: Question, **parts: object) -> Question:
    return replace(question, **parts)
