"""Recipes: the whole of an edit, with names on one side and digests on the other."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from directrix import archive
from directrix.errors import InvalidField
from directrix.types import (
    FindingRef,
    ImageSource,
    LatentSource,
    Move,
    Noise,
    Recipe,
    SeedSource,
    Source,
    Space,
    Walk,
)
from directrix.v1 import values_pb2 as pb
from directrix.wire.fields import finite, layers, located, member, number_of, within
from directrix.wire.images import MAX_PIXELS, decode_image
from directrix.wire.latents import (
    latent_from_proto,
    latent_to_proto,
    space_from_proto,
    space_to_proto,
)
from directrix.wire.tensors import tensor_from_proto, tensor_to_proto

Resolve = Callable[[str], str]
"""A resource name to a digest, or back. The internal service speaks digests: identity."""

MAX_MOVES = 64
MAX_STEPS = 2000
DEFAULT_STEPS = 200

NOISES: dict[int, Noise] = {
    pb.Recipe.NOISE_UNSPECIFIED: Noise.CONSTANT,
    pb.Recipe.NOISE_CONSTANT: Noise.CONSTANT,
    pb.Recipe.NOISE_NONE: Noise.NONE,
    pb.Recipe.NOISE_SEEDED: Noise.SEEDED,
}
WALKS: dict[int, Walk] = {
    pb.WALK_UNSPECIFIED: Walk.LINEAR,
    pb.WALK_LINEAR: Walk.LINEAR,
    pb.WALK_NORM_PRESERVING: Walk.NORM_PRESERVING,
    pb.WALK_GREAT_CIRCLE: Walk.GREAT_CIRCLE,
    pb.WALK_CONDITIONAL: Walk.CONDITIONAL,
}


def same(name: str) -> str:
    """The resolver of the internal service, where names are digests already."""
    return name


@dataclass(frozen=True)
class Pictures:
    """What becomes of a picture inside a recipe.

    keep: takes the decoded pixels uint8 [H, W, C] and returns their digest.
    space: where to search where the message does not say.
    """

    keep: Callable[[np.ndarray], str] = archive.image_digest
    space: Space = Space.W_PLUS
    channels: int | None = None
    max_pixels: int = MAX_PIXELS


PICTURES = Pictures()


def recipe_from_proto(
    message: pb.Recipe,
    resolve: Resolve = same,
    pictures: Pictures = PICTURES,
    path: str = "recipe",
) -> Recipe:
    """resolve: names of the generator and of finding sets to digests; may raise NotFound.

    Raises InvalidField, ImageInvalid or ImageTooLarge.
    """
    if not message.generator:
        raise InvalidField(f"{path} names no generator", field=f"{path}.generator")
    if max(len(message.moves), len(message.conditions)) > MAX_MOVES:
        raise InvalidField(f"{path} has more than {MAX_MOVES} moves", field=f"{path}.moves")
    with located(path):
        return Recipe(
            generator=resolve(message.generator),
            source=_source(message, resolve, pictures, path),
            truncation=message.truncation if message.HasField("truncation") else 1.0,
            noise=member(NOISES, message.noise, f"{path}.noise"),
            noise_seed=within(message.noise_seed, 0, 2**63 - 1, f"{path}.noise_seed"),
            moves=tuple(
                move_from_proto(move, resolve, f"{path}.moves[{i}]")
                for i, move in enumerate(message.moves)
            ),
            conditions=tuple(
                finding_ref_from_proto(ref, resolve, f"{path}.conditions[{i}]")
                for i, ref in enumerate(message.conditions)
            ),
        )


def _source(message: pb.Recipe, resolve: Resolve, pictures: Pictures, path: str) -> Source:
    match message.WhichOneof("source"):
        case "seed":
            with located(path):
                return SeedSource(message.seed.seed, message.seed.index)
        case "latent":
            return LatentSource(latent_from_proto(message.latent, f"{path}.latent"))
        case "image":
            return image_source_from_proto(message.image, pictures, f"{path}.image", resolve)
        case _:
            raise InvalidField(f"{path} starts from nothing", field=f"{path}.source")


def image_source_from_proto(
    message: pb.ImageSource,
    pictures: Pictures = PICTURES,
    path: str = "source",
    resolve: Resolve = same,
) -> ImageSource:
    """Decodes the picture and hands its pixels to `pictures.keep`."""
    space = space_from_proto(message.space, f"{path}.space", pictures.space)
    steps = within(message.steps, 0, MAX_STEPS, f"{path}.steps") or DEFAULT_STEPS
    pixels = decode_image(message.image, pictures.max_pixels, pictures.channels)
    with located(path):
        return ImageSource(
            image=pictures.keep(pixels),
            space=space,
            steps=0 if message.encoder_only else steps,
            encoder=resolve(message.encoder) if message.encoder else "",
            embedder=resolve(message.embedder) if message.embedder else "",
            noise=message.optimise_noise,
        )


def move_from_proto(message: pb.Move, resolve: Resolve = same, path: str = "move") -> Move:
    mask = None
    if message.HasField("mask"):
        mask = tensor_from_proto(message.mask, f"{path}.mask", axes=2)
    finding = finding_ref_from_proto(message.finding, resolve, f"{path}.finding")
    within_channels = None
    if message.HasField("within"):
        within_channels = finding_ref_from_proto(message.within, resolve, f"{path}.within")
    with located(path):
        return Move(
            finding=finding,
            alpha=message.alpha,
            coefficients=tuple(
                finite(value, f"{path}.coefficients[{i}]")
                for i, value in enumerate(message.coefficients)
            ),
            layers=layers(message.layers, f"{path}.layers"),
            mask=mask,
            walk=member(WALKS, message.walk, f"{path}.walk"),
            within=within_channels,
        )


def finding_ref_from_proto(
    message: pb.FindingRef, resolve: Resolve = same, path: str = "finding"
) -> FindingRef:
    if not message.finding_set:
        raise InvalidField(f"{path} names no finding set", field=f"{path}.finding_set")
    index = within(message.index, 0, 2**31 - 1, f"{path}.index")
    return FindingRef(resolve(message.finding_set), index)


def recipe_to_proto(
    recipe: Recipe, name: Resolve = same, picture: Callable[[str], bytes] | None = None
) -> pb.Recipe:
    """name: digests of the generator and of finding sets to resource names.

    picture: the encoded bytes of a picture by its digest, needed where the recipe has one.
    """
    message = pb.Recipe(
        generator=name(recipe.generator),
        truncation=recipe.truncation,
        noise=number_of(NOISES, recipe.noise),
        noise_seed=recipe.noise_seed,
        moves=[move_to_proto(move, name) for move in recipe.moves],
        conditions=[finding_ref_to_proto(ref, name) for ref in recipe.conditions],
    )
    match recipe.source:
        case SeedSource(seed, index):
            message.seed.CopyFrom(pb.SeedSource(seed=seed, index=index))
        case LatentSource(latent):
            message.latent.CopyFrom(latent_to_proto(latent))
        case ImageSource() as source:
            if picture is None:
                raise InvalidField("the recipe's picture is not at hand", field="recipe.image")
            message.image.image = picture(source.image)
            message.image.space = space_to_proto(source.space)
            message.image.steps = source.steps
            message.image.encoder_only = source.steps == 0
            message.image.encoder = name(source.encoder) if source.encoder else ""
            message.image.embedder = name(source.embedder) if source.embedder else ""
            message.image.optimise_noise = source.noise
    return message


def move_to_proto(move: Move, name: Resolve = same) -> pb.Move:
    return pb.Move(
        finding=finding_ref_to_proto(move.finding, name),
        alpha=move.alpha,
        coefficients=move.coefficients,
        layers=move.layers,
        mask=None if move.mask is None else tensor_to_proto(move.mask),
        walk=number_of(WALKS, move.walk),
        within=None if move.within is None else finding_ref_to_proto(move.within, name),
    )


def finding_ref_to_proto(ref: FindingRef, name: Resolve = same) -> pb.FindingRef:
    return pb.FindingRef(finding_set=name(ref.finding_set), index=ref.index)


def rename(message: pb.Recipe, resolve: Resolve) -> pb.Recipe:
    """The same recipe with names resolved and nothing else looked at: the gateway's cheap path."""
    renamed = pb.Recipe()
    renamed.CopyFrom(message)
    renamed.generator = resolve(message.generator)
    refs = [move.finding for move in renamed.moves] + list(renamed.conditions)
    refs += [move.within for move in renamed.moves if move.HasField("within")]
    for ref in refs:
        ref.finding_set = resolve(ref.finding_set)
    return renamed
