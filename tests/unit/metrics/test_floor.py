"""Random findings have the shape and the length of what they stand beside."""

import numpy as np
import pytest

from directrix.metrics.floor import random_like
from directrix.types import (
    Direction,
    Field,
    FieldForm,
    GeneratorCard,
    ImageCard,
    Intervention,
    LayerCard,
    Operation,
    Space,
    SpaceCard,
    Subspace,
    Units,
)

CARD = GeneratorCard(
    name="g",
    architecture="style",
    image=ImageCard(channels=1, height=8, width=8),
    spaces=(
        SpaceCard(space=Space.Z, dimension=4),
        SpaceCard(space=Space.W, dimension=5),
        SpaceCard(space=Space.W_PLUS, dimension=5, layers=3),
    ),
    layers=(LayerCard(name="b4", channels=6, height=4, width=4),),
)


def direction(scale: float, layers: tuple[int, ...] = ()) -> Direction:
    return Direction(Space.W, np.eye(5)[0], scale, layers)


def test_directions_are_as_long_as_what_they_stand_beside_and_keep_space_and_layers() -> None:
    found = random_like([direction(1, (1,)), direction(2), direction(9)], CARD, 1, 7)
    assert [f.space for f in found] == [Space.W] * 7
    assert [f.scale for f in found] == [1, 2, 9, 1, 2, 9, 1]
    assert [f.layers for f in found[:4]] == [(1,), (), (), (1,)]
    assert len({f.vector.tobytes() for f in found}) == 7


def test_repeats_by_seed() -> None:
    first, second = (random_like([direction(1)], CARD, 5, 2) for _ in range(2))
    assert np.array_equal(first[1].vector, second[1].vector)
    assert not np.array_equal(first[1].vector, random_like([direction(1)], CARD, 6, 2)[1].vector)


def test_in_w_plus_only_the_chosen_layers_move() -> None:
    vector = np.zeros((3, 5))
    vector[1, 0] = 1
    (found,) = random_like([Direction(Space.W_PLUS, vector, 1.5, (1,))], CARD, 1, 1)
    assert found.vector.shape == (3, 5)
    assert not found.vector[[0, 2]].any()
    assert np.linalg.norm(found.vector) == pytest.approx(1, abs=1e-6)


def test_subspaces_fields_and_additions_give_directions_of_their_length() -> None:
    subspace = Subspace(Space.Z, np.eye(4)[:2], np.array([3.0, 1.0]))
    parameters = {"w1": np.ones((2, 4)), "b1": np.zeros(2), "w2": np.ones(2)}
    field = Field(Space.W, FieldForm.MLP, {**parameters, "w1": np.ones((2, 5))}, 0.5)
    adding = Intervention(Space.Z, np.array([0, 2]), np.array([3.0, 4.0]), Operation.ADD)
    lengths = [random_like([model], CARD, 1, 1)[0].scale for model in (subspace, field, adding)]
    assert lengths == [3.0, 0.5, 5.0]


@pytest.mark.parametrize("operation", [Operation.SET, Operation.SCALE])
def test_other_interventions_act_on_as_many_random_coordinates(operation: Operation) -> None:
    model = Intervention(Space.W, np.array([0, 1]), np.array([3.0, -4.0]), operation)
    found = random_like([model], CARD, 2, 9)
    assert {f.operation for f in found} == {operation}
    assert {tuple(f.values) for f in found} == {(3.0, -4.0)}
    assert len({tuple(f.coordinates) for f in found}) > 3


def test_units_become_random_channels_of_the_layer() -> None:
    found = random_like([Units("b4", np.array([0, 1]), np.array([5.0, -5.0]))], CARD, 3, 9)
    assert {f.layer for f in found} == {"b4"}
    assert {tuple(f.targets) for f in found} == {(5.0, -5.0)}
    assert max(f.channels.max() for f in found) == 5


def test_mixed_sets_are_mirrored_in_turn() -> None:
    units = Units("b4", np.array([0]), np.array([5.0]))
    found = random_like([direction(1), units], CARD, 3, 4)
    assert [f.kind for f in found] == ["direction", "units", "direction", "units"]
