"""One finding of each kind: proto -> archive -> store -> recipe -> edit on a replica -> same bytes.

What the system answers over gRPC is compared with what the library renders in this process from
the very values that were sent.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch

from directrix import generators
from directrix.archive import finding_set_digest, image_digest, model_digest, pack_arrays
from directrix.client import Client
from directrix.generators import style
from directrix.generators.style_network import StyleConfig, StyleNetwork
from directrix.rendering import Renderer
from directrix.types import (
    Direction,
    Field,
    FieldForm,
    Finding,
    FindingRef,
    FindingSet,
    Intervention,
    Move,
    Operation,
    Provenance,
    Recipe,
    SeedSource,
    Space,
    Subspace,
    Units,
    Walk,
)

CONFIG = StyleConfig(
    z_dim=6, w_dim=6, mapping_layers=2, channels=(8, 8, 4), image_channels=3, crop=0
)
NAME = "five-kinds"


def unit(values: np.ndarray) -> np.ndarray:
    return values / np.linalg.norm(values)


def findings(styles: int) -> dict[str, tuple[Finding, Move]]:
    """A finding of each kind, several spaces among them, with a move that uses it fully."""
    random = np.random.default_rng(5)
    mask = np.zeros((16, 16), np.float32)
    mask[4:12, 2:9] = 1.0
    basis = np.linalg.qr(random.standard_normal((6, 3)))[0].T
    mlp = {
        "w1": random.standard_normal((4, 6)),
        "b1": random.standard_normal(4),
        "w2": random.standard_normal(4),
    }
    rbf = {
        "centres": random.standard_normal((3, 6)),
        "widths": np.full(3, 0.2),
        "weights": np.array([1.0, -2.0, 0.5]),
    }
    here = FindingRef("", 0)
    return {
        "direction z": (Direction(Space.Z, unit(np.arange(1.0, 7)), 1.0), Move(here, 1.5)),
        "direction w": (
            Direction(Space.W, unit(np.array([1.0, -1, 0, 2, 0, 1])), 0.7, layers=(1, 2)),
            Move(here, -2.0, walk=Walk.NORM_PRESERVING),
        ),
        "direction w+": (
            Direction(Space.W_PLUS, unit(random.standard_normal((6, 6))), 2.0),
            Move(here, 1.0, mask=mask),
        ),
        "direction s": (
            Direction(Space.S, unit(random.standard_normal(styles)), 3.0),
            Move(here, 0.5),
        ),
        "subspace": (
            Subspace(Space.W, basis, np.array([1.0, 0.5, 2.0])),
            Move(here, 1.2, coefficients=(1.0, -1.0, 0.25)),
        ),
        "field mlp": (Field(Space.W, FieldForm.MLP, mlp, scale=1.5, steps=5), Move(here, 2.0)),
        "field rbf": (Field(Space.Z, FieldForm.RBF, rbf, scale=1.0), Move(here, -1.0)),
        "units": (
            Units("b8_conv0", np.array([0, 3]), np.array([2.0, -1.0])),
            Move(here, 0.8, mask=mask),
        ),
        "intervention": (
            Intervention(Space.Z, np.array([2, 4]), np.array([3.0, -2.0]), Operation.SET),
            Move(here, 1.0),
        ),
        "intervention s": (
            Intervention(Space.S, np.array([1, 7]), np.array([0.5, -0.5]), Operation.SCALE),
            Move(here, 2.0),
        ),
    }


class World:
    """A small style-based generator, registered at the system and built in this process."""

    def __init__(self, client: Client):
        torch.manual_seed(11)
        network = StyleNetwork(CONFIG)
        arrays = {n: t.detach().numpy().copy() for n, t in network.state_dict().items()}
        card = style.card(CONFIG, NAME)
        self.card = card.model_copy(update={"digest": model_digest(card, arrays)})
        self.client = client
        self.model = client.register_model(NAME, self.card.model_dump_json(), pack_arrays(arrays))
        self.generator = generators.build(self.card, arrays, torch.device("cpu"))
        self.styles = self.generator.dimension(Space.S)


@pytest.fixture(scope="module")
def world(stack: Any) -> Iterator[World]:
    with Client(stack.endpoint) as client:
        yield World(client)


@pytest.mark.parametrize("kind", list(findings(10)))
def test_it_travels_and_renders_to_the_same_bytes(world: World, kind: str) -> None:
    finding, move = findings(world.styles)[kind]
    made = FindingSet(
        (finding,), Provenance(method="import", version="1", generator=world.model.digest)
    )
    stored = world.client.create_finding_set(made)
    fetched = world.client.finding_set(stored.name).value
    assert finding_set_digest(fetched) == stored.digest
    for role, array in finding.arrays().items():
        np.testing.assert_array_equal(fetched.findings[0].arrays()[role], array)
    assert fetched.findings[0].settings() == finding.settings()

    moved = Move(
        FindingRef(stored.digest, 0), move.alpha, move.coefficients, move.layers, move.mask,
        move.walk,
    )  # fmt: skip
    recipe = Recipe(world.model.digest, SeedSource(3, 8), truncation=0.8, moves=(moved,))
    renderer = Renderer(world.generator, (), lambda digest: fetched)
    (here,) = renderer.render([renderer.plan(recipe)]).images
    plain = Recipe(world.model.digest, SeedSource(3, 8), truncation=0.8)
    (unmoved,) = renderer.render([renderer.plan(plain)]).images

    named = Move(
        FindingRef(stored.name, 0), move.alpha, move.coefficients, move.layers, move.mask,
        move.walk,
    )  # fmt: skip
    message = world.client.recipe(NAME, seed=3, index=8, truncation=0.8, moves=[named])
    there = world.client.edit(message, encoding="raw")
    np.testing.assert_array_equal(there.image, here)
    assert there.digest == image_digest(here)
    assert not np.array_equal(here, unmoved)
