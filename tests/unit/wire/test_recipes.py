"""Recipes travel whole, with names on one side and digests on the other."""

import numpy as np
import pytest

from directrix import archive
from directrix.errors import ImageInvalid, InvalidField
from directrix.types import (
    FindingRef,
    ImageSource,
    Latent,
    LatentSource,
    Move,
    Noise,
    Recipe,
    SeedSource,
    Space,
    Walk,
)
from directrix.v1 import values_pb2 as pb
from directrix.wire.images import encode_image
from directrix.wire.recipes import Pictures, recipe_from_proto, recipe_to_proto, rename
from directrix.wire.tensors import tensor_to_proto

NAMES = {
    "g": "projects/p/models/g",
    "f": "projects/p/findingSets/f",
    "h": "projects/p/findingSets/h",
}
DIGESTS = {name: digest for digest, name in NAMES.items()}


def full(source) -> Recipe:
    mask = np.linspace(0, 1, 6, dtype=np.float32).reshape(2, 3)
    moves = (
        Move(FindingRef("f", 3), 1.5, (0.25, -1.0), (1, 2), mask, Walk.GREAT_CIRCLE),
        Move(FindingRef("h", 0), -2.0, walk=Walk.CONDITIONAL, within=FindingRef("h", 4)),
    )
    return Recipe("g", source, 0.7, Noise.SEEDED, 9, moves, (FindingRef("h", 1),))


def same(a: Recipe, b: Recipe) -> bool:
    return recipe_to_proto(a) == recipe_to_proto(b)


@pytest.mark.parametrize(
    "source",
    [
        SeedSource(2**60, 5),
        LatentSource(Latent(Space.Z, "g", np.ones((1, 4)))),
        LatentSource(Latent(Space.W_PLUS, "g", np.ones((1, 3, 4)))),
    ],
)
def test_everything_comes_back(source):
    recipe = full(source)
    message = recipe_to_proto(recipe, NAMES.__getitem__)
    assert message.generator == NAMES["g"]
    assert [move.finding.finding_set for move in message.moves] == [NAMES["f"], NAMES["h"]]
    again = recipe_from_proto(
        pb.Recipe.FromString(message.SerializeToString()), DIGESTS.__getitem__
    )
    assert same(again, recipe)
    assert again.moves[0].walk is Walk.GREAT_CIRCLE
    assert np.array_equal(again.moves[0].mask, recipe.moves[0].mask)
    assert again.moves[1].within == FindingRef("h", 4)
    assert again.finding_sets() == {"f", "h"}


def test_renaming_changes_names_and_nothing_else():
    message = recipe_to_proto(full(SeedSource(1)))
    named = rename(message, NAMES.__getitem__)
    assert named == recipe_to_proto(full(SeedSource(1)), NAMES.__getitem__)
    assert rename(named, DIGESTS.__getitem__) == message


def test_a_picture_is_kept_and_stands_by_its_digest():
    pixels = np.arange(12, dtype=np.uint8).reshape(2, 2, 3)
    kept: dict[str, np.ndarray] = {}

    def keep(image: np.ndarray) -> str:
        digest = archive.image_digest(image)
        kept[digest] = image
        return digest

    data = encode_image(pixels).data
    message = pb.Recipe(generator="g", image=pb.ImageSource(image=data))
    recipe = recipe_from_proto(message, pictures=Pictures(keep, Space.Z))
    assert recipe.source == ImageSource(archive.image_digest(pixels), Space.Z, 200)
    assert np.array_equal(kept[recipe.source.image], pixels)
    assert recipe_to_proto(recipe, picture=lambda _: data).image.image == data
    with pytest.raises(InvalidField):
        recipe_to_proto(recipe)


def test_what_is_not_said_has_its_default():
    recipe = recipe_from_proto(pb.Recipe(generator="g", seed=pb.SeedSource(seed=1)))
    assert (recipe.truncation, recipe.noise, recipe.moves) == (1.0, Noise.CONSTANT, ())
    recipe = recipe_from_proto(pb.Recipe(generator="g", seed=pb.SeedSource(), truncation=0.0))
    assert recipe.truncation == 0.0


def seeded(**parts) -> pb.Recipe:
    return pb.Recipe(**({"generator": "g", "seed": pb.SeedSource(seed=1)} | parts))


def moving(**parts) -> pb.Recipe:
    finding = pb.FindingRef(finding_set="f")
    return seeded(moves=[pb.Move(**({"finding": finding, "alpha": 1.0} | parts))])


LATENT = pb.Latent(
    space=pb.SPACE_Z, generator_digest="g", values=tensor_to_proto(np.ones(2, np.float32))
)


def latent(**parts) -> pb.Recipe:
    message = pb.Recipe(generator="g", latent=LATENT)
    for name, value in parts.items():
        field = getattr(message.latent, name)
        if hasattr(field, "CopyFrom"):
            field.CopyFrom(value)
        else:
            setattr(message.latent, name, value)
    return message


@pytest.mark.parametrize(
    ("message", "place"),
    [
        (pb.Recipe(), "recipe.generator"),
        (pb.Recipe(generator="g"), "recipe.source"),
        (seeded(truncation=float("nan")), "recipe.truncation"),
        (seeded(truncation=2.5), "recipe.truncation"),
        (seeded(noise=9), "recipe.noise"),
        (seeded(noise_seed=-1), "recipe.noise_seed"),
        (seeded(moves=[pb.Move()] * 65), "recipe.moves"),
        (seeded(conditions=[pb.FindingRef()]), "recipe.conditions[0].finding_set"),
        (moving(alpha=float("inf")), "recipe.moves[0].alpha"),
        (moving(alpha=101.0), "recipe.moves[0].alpha"),
        (moving(walk=17), "recipe.moves[0].walk"),
        (moving(layers=[-3]), "recipe.moves[0].layers[0]"),
        (moving(coefficients=[0.0, float("nan")]), "recipe.moves[0].coefficients[1]"),
        (moving(mask=tensor_to_proto(np.ones(3, np.float32))), "recipe.moves[0].mask.shape"),
        (moving(mask=tensor_to_proto(np.full((2, 2), 2, np.float32))), "recipe.moves[0].mask"),
        (moving(finding=pb.FindingRef(finding_set="f", index=-1)), "recipe.moves[0].finding.index"),
        (latent(space=0), "recipe.latent.space"),
        (latent(space=pb.SPACE_W_PLUS), "recipe.latent.values.shape"),
        (latent(generator_digest=""), "recipe.latent.generator_digest"),
        (latent(values=tensor_to_proto(np.ones(2, np.int64))), "recipe.latent.values.data_type"),
    ],
)
def test_what_is_wrong_is_named_by_its_place(message, place):
    with pytest.raises(InvalidField) as caught:
        recipe_from_proto(message)
    assert caught.value.field == place


def test_a_damaged_picture_is_an_error_of_its_own():
    with pytest.raises(ImageInvalid):
        recipe_from_proto(pb.Recipe(generator="g", image=pb.ImageSource(image=b"no picture")))
