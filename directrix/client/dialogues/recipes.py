"""Recipes from fields: the whole of an edit as one message."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypedDict

from directrix.client.names import Names
from directrix.v1 import values_pb2 as pb

if TYPE_CHECKING:
    from directrix.types import Latent, Move

NOISES = {
    "constant": pb.Recipe.NOISE_CONSTANT,
    "none": pb.Recipe.NOISE_NONE,
    "seeded": pb.Recipe.NOISE_SEEDED,
}
SPACES = {"z": pb.SPACE_Z, "w": pb.SPACE_W, "w+": pb.SPACE_W_PLUS, "s": pb.SPACE_S}


@dataclass(frozen=True)
class Change:
    """By how much a finding's target is to change on average, in SD of the target."""

    sd: float


class RecipeFields(TypedDict, total=False):
    """A recipe's fields: one source (seed and index, latent, or image) and what is done to it.

    space to optimise_noise: how an image is inverted, see `image_source`.

    moves: (finding set, index, alpha) each, or `directrix.types.Move` with a set's name in it; in
    place of alpha a `Change` leaves the strength to the set's scorecard.
    conditions: (finding set, index) each. truncation: psi; the service's own default is 1.
    """

    seed: int
    index: int
    latent: Latent
    image: bytes
    space: str
    steps: int
    encoder: str
    encoder_only: bool
    embedder: str
    optimise_noise: bool
    truncation: float | None
    noise: str
    noise_seed: int
    moves: Sequence[tuple[str, int, float | Change] | Move | pb.Move]
    conditions: Sequence[tuple[str, int]]


def recipe(names: Names, generator: str, fields: RecipeFields) -> pb.Recipe:
    """Raises ValueError for more than one source or an unknown noise or space."""
    message = pb.Recipe(
        generator=names.model(generator),
        noise=one_of(NOISES, fields.get("noise", "constant"), "noise"),
        noise_seed=fields.get("noise_seed", 0),
        moves=[_move(names, move) for move in fields.get("moves", ())],
        conditions=[_reference(names, *ref) for ref in fields.get("conditions", ())],
    )
    if (truncation := fields.get("truncation")) is not None:
        message.truncation = truncation
    _put_source(names, message, fields)
    return message


def image_source(
    names: Names,
    image: bytes,
    space: str = "",
    steps: int = 0,
    encoder: str = "",
    encoder_only: bool = False,
    embedder: str = "",
    optimise_noise: bool = False,
) -> pb.ImageSource:
    """A picture to invert; an empty space and 0 steps leave the choice to the service.

    encoder: says where the search starts, or, with encoder_only, the latent itself. embedder: a
    predictor whose perceptual distance is minimised too.
    """
    return pb.ImageSource(
        image=image,
        space=one_of(SPACES, space, "space") if space else pb.SPACE_UNSPECIFIED,
        steps=steps,
        encoder=names.model(encoder) if encoder else "",
        encoder_only=encoder_only,
        embedder=names.model(embedder) if embedder else "",
        optimise_noise=optimise_noise,
    )


def one_of(table: Mapping[str, Any], word: str, what: str) -> Any:
    """The number of a word. Raises ValueError, naming the known ones."""
    if word not in table:
        raise ValueError(f"{what} is one of {', '.join(table)}, not {word!r}")
    return table[word]


def _put_source(names: Names, message: pb.Recipe, fields: RecipeFields) -> None:
    given = [name for name in ("latent", "image", "seed") if fields.get(name) is not None]
    if len(given) > 1:
        raise ValueError(f"a recipe has one source, not {' and '.join(given)}")
    if "latent" in given:
        from directrix.wire.latents import latent_to_proto

        message.latent.CopyFrom(latent_to_proto(fields["latent"]))
    elif "image" in given:
        image = image_source(
            names,
            fields["image"],
            fields.get("space", ""),
            fields.get("steps", 0),
            fields.get("encoder", ""),
            fields.get("encoder_only", False),
            fields.get("embedder", ""),
            fields.get("optimise_noise", False),
        )
        message.image.CopyFrom(image)
    else:
        seed = pb.SeedSource(seed=fields.get("seed", 0), index=fields.get("index", 0))
        message.seed.CopyFrom(seed)


def _move(names: Names, move: tuple[str, int, float | Change] | Move | pb.Move) -> pb.Move:
    if isinstance(move, pb.Move):
        return move
    if isinstance(move, tuple):
        finding_set, index, strength = move
        finding = _reference(names, finding_set, index)
        if isinstance(strength, Change):
            return pb.Move(finding=finding, change_sd=strength.sd)
        return pb.Move(finding=finding, alpha=strength)
    from directrix.wire.recipes import move_to_proto

    return move_to_proto(move, names.finding_set)


def _reference(names: Names, finding_set: str, index: int) -> pb.FindingRef:
    return pb.FindingRef(finding_set=names.finding_set(finding_set), index=index)
