"""A world for the renderer: a small style-based generator, findings of every kind, a judge."""

import numpy as np

from directrix.errors import (
    FindingSetNotFound,
)
from directrix.rendering import Renderer
from directrix.types import (
    Direction,
    Field,
    FieldForm,
    FindingRef,
    FindingSet,
    Intervention,
    Latent,
    LatentSource,
    Move,
    Noise,
    Operation,
    Provenance,
    Recipe,
    SeedSource,
    Space,
    Subspace,
    Units,
)
from tests.contract import models

MASK = np.zeros((12, 12), np.float32)
MASK[:, :6] = 1


def unit(length: int, at: int) -> np.ndarray:
    return np.eye(length)[at]


def ramp(space: Space, width: int) -> Field:
    """A field that rises along its first coordinate."""
    parameters = {"w1": unit(width, 0)[None], "b1": np.zeros(1), "w2": np.ones(1)}
    return Field(space, FieldForm.MLP, parameters, scale=0.5, steps=2)


LAYERED = np.zeros((6, 8))
LAYERED[4, 1] = 1

STYLE_FINDINGS = (
    Direction(Space.Z, unit(6, 0), 1.0),  # 0
    Direction(Space.W, unit(8, 1), 0.5),  # 1
    Direction(Space.W, unit(8, 1), 0.5, layers=(4,)),  # 2
    Direction(Space.W_PLUS, LAYERED, 0.5),  # 3
    Direction(Space.S, unit(49, 3), 2.0),  # 4
    Subspace(Space.W, np.eye(8)[:2], np.array([1.0, 2.0])),  # 5
    ramp(Space.W, 8),  # 6
    Units("b8_conv0", np.array([1, 4]), np.array([2.0, -2.0])),  # 7
    Intervention(Space.S, np.array([0, 9]), np.array([1.0, 0.5]), Operation.ADD),  # 8
    Direction(Space.W, unit(8, 2), 0.5),  # 9
    Direction(Space.W, (unit(8, 1) + unit(8, 2)) / np.sqrt(2), 0.5),  # 10
)


class World:
    """A generator with its predictors and one finding set, called "found"."""

    def __init__(self, name: str, findings: tuple, predictors=()):
        self.generator = models.generator(name)
        provenance = Provenance(method="hand", version="1", generator=self.digest)
        self.sets = {"found": FindingSet(findings, provenance)}
        self.renderer = Renderer(self.generator, predictors, self.find)

    @property
    def digest(self) -> str:
        return self.generator.card.digest

    def find(self, digest: str) -> FindingSet:
        if digest not in self.sets:
            raise FindingSetNotFound(f"no finding set {digest}")
        return self.sets[digest]

    def recipe(self, *moves: Move, index: int = 0, **settings) -> Recipe:
        source = settings.pop("source", SeedSource(3, index))
        return Recipe(self.digest, source, moves=moves, **settings)

    def image(self, *moves: Move, **settings) -> np.ndarray:
        plan = self.renderer.plan(self.recipe(*moves, **settings))
        return self.renderer.render([plan]).images[0]

    def latent(self, *moves: Move, **settings) -> np.ndarray:
        return self.renderer.latent(self.renderer.plan(self.recipe(*moves, **settings))).values[0]


def move(index: int, alpha: float = 2.0, **settings) -> Move:
    return Move(FindingRef("found", index), alpha, **settings)


MIXED = (
    {},
    {"truncation": 0.6},
    {"noise": Noise.NONE},
    {"noise": Noise.SEEDED, "noise_seed": 11},
)


def mixed(world: World, count: int) -> list[Recipe]:
    moves = (
        (),
        (move(1),),
        (move(2), move(7, 0.5)),
        (move(4),),
        (move(6, mask=MASK), move(7, 0.5, mask=MASK)),
        (move(0), move(8)),
    )
    return [
        world.recipe(*moves[i % len(moves)], index=i, **MIXED[i % len(MIXED)]) for i in range(count)
    ]


def other_latent(space: Space, width: int, digest: str | None = None, world=None) -> LatentSource:
    return LatentSource(Latent(space, digest or world.digest, np.zeros((1, width))))
