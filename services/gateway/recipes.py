"""Recipes on their way inside: names become digests, and what is cheap to check is checked.

Whatever leaves here is bounded by the generator's card: a latent has the length of its space, a
mask and a picture have the size of the image.
"""

import asyncio
from collections.abc import Mapping
from concurrent.futures import Executor
from dataclasses import dataclass

import numpy as np

from directrix.errors import FindingMismatch, ImageInvalid, InvalidField, SpaceUnavailable
from directrix.types import GeneratorCard, ImageCard, Space
from directrix.v1 import values_pb2 as pb
from directrix.wire.images import decode_image, encode_image
from directrix.wire.latents import SPACES
from services.gateway.calibration import calibrate
from services.gateway.lookups import FindingSetEntry, GeneratorEntry, Lookups


@dataclass(frozen=True)
class Resolved:
    """A recipe that speaks digests, and the names it spoke before, by digest."""

    recipe: pb.Recipe
    generator: GeneratorEntry
    names: Mapping[str, str]


class Recipes:
    """Resolves recipes; decodes pictures in `threads`."""

    def __init__(self, lookups: Lookups, threads: Executor):
        self._lookups = lookups
        self._threads = threads

    async def resolve(self, recipe: pb.Recipe, path: str = "recipe") -> Resolved:
        """Raises NotFound, FindingMismatch, SpaceUnavailable, InvalidField, ImageInvalid.

        Moves that ask for a change get their strength here, or FindingUncalibrated is raised.
        """
        generator = await self._lookups.generator(recipe.generator, f"{path}.generator")
        names = {generator.digest: generator.name}
        inside = pb.Recipe()
        inside.CopyFrom(recipe)
        inside.generator = generator.digest
        for i, move in enumerate(inside.moves):
            place = f"{path}.moves[{i}]"
            await self.resolve_finding(move.finding, generator, names, f"{place}.finding")
            await calibrate(move, self._lookups, place)
            if move.HasField("within"):
                await self.resolve_finding(move.within, generator, names, f"{place}.within")
            if move.HasField("mask"):
                _check_mask(move.mask, generator.card.image, f"{place}.mask")
        for i, ref in enumerate(inside.conditions):
            await self.resolve_finding(ref, generator, names, f"{path}.conditions[{i}]")
        await self._check_source(inside, generator, path)
        return Resolved(inside, generator, names)

    async def resolve_finding(
        self, ref: pb.FindingRef, generator: GeneratorEntry, names: dict[str, str], path: str
    ) -> None:
        """Writes the set's digest in place of its name."""
        entry = await self.finding_set(ref.finding_set, generator, f"{path}.finding_set")
        if not 0 <= ref.index < entry.count:
            raise InvalidField(
                f"{path}.index: {entry.name} has {entry.count} findings, counted from 0",
                field=f"{path}.index",
            )
        names[entry.digest] = entry.name
        ref.finding_set = entry.digest

    async def finding_set(
        self, name: str, generator: GeneratorEntry, field: str
    ) -> FindingSetEntry:
        """Raises FindingMismatch where the set belongs to another generator."""
        entry = await self._lookups.finding_set(name, field)
        if entry.generator != generator.digest:
            raise FindingMismatch(
                f"{entry.name} belongs to another generator than {generator.name}",
                finding_set=entry.name,
                generator=generator.name,
            )
        return entry

    async def picture(self, source: pb.ImageSource, card: GeneratorCard, path: str) -> None:
        """Replaces an upload by a plain PNG of the same pixels, and names of models by digests.

        Raises SpaceUnavailable, InvalidField, EncoderMismatch, PredictorMismatch, ImageInvalid.
        """
        check_space(source.space, card, f"{path}.space")
        if source.encoder:
            space = SPACES[source.space] if source.space else default_space(card)
            place = f"{path}.encoder"
            source.encoder = (
                await self._lookups.encoder(source.encoder, place, card, space)
            ).digest
        elif source.encoder_only:
            raise InvalidField(
                f"{path}.encoder_only needs an encoder", field=f"{path}.encoder_only"
            )
        if source.embedder:
            place = f"{path}.embedder"
            source.embedder = (
                await self._lookups.predictor(source.embedder, place, card.image)
            ).digest
        loop = asyncio.get_running_loop()
        source.image = await loop.run_in_executor(self._threads, _plain, source.image, card.image)

    async def _check_source(self, recipe: pb.Recipe, generator: GeneratorEntry, path: str) -> None:
        match recipe.WhichOneof("source"):
            case "latent":
                _check_latent(recipe.latent, generator, f"{path}.latent")
            case "image":
                await self.picture(recipe.image, generator.card, f"{path}.image")


def default_space(card: GeneratorCard) -> Space:
    """Where pictures are inverted: W+ where the generator has it, else its last space."""
    spaces = [s.space for s in card.spaces]
    return Space.W_PLUS if Space.W_PLUS in spaces else spaces[-1]


def check_space(space: int, card: GeneratorCard, path: str) -> None:
    """Raises SpaceUnavailable; an unset space is left to its default."""
    wanted = SPACES.get(space)
    if space and wanted not in {s.space for s in card.spaces}:
        has = ", ".join(s.space for s in card.spaces)
        raise SpaceUnavailable(
            f"{path}: generator {card.name} has no space {wanted}: it has {has}",
            space=str(wanted),
        )


def _check_latent(latent: pb.Latent, generator: GeneratorEntry, path: str) -> None:
    if latent.generator_digest != generator.digest:
        raise FindingMismatch(
            f"{path} belongs to another generator than {generator.name}", generator=generator.name
        )
    check_space(latent.space, generator.card, f"{path}.space")
    space = next(s for s in generator.card.spaces if s.space is SPACES[latent.space])
    flat = space.space is not Space.W_PLUS
    shape = (space.dimension,) if flat else (space.layers, space.dimension)
    _check_tensor(latent.values, shape, f"{path}.values")


def _check_mask(mask: pb.Tensor, image: ImageCard, path: str) -> None:
    _check_tensor(mask, (image.height, image.width), path)


def _check_tensor(tensor: pb.Tensor, shape: tuple[int, ...], path: str) -> None:
    if tensor.data_type != pb.DATA_TYPE_FLOAT32:
        raise InvalidField(f"{path} holds float32", field=f"{path}.data_type")
    if tuple(tensor.shape) != shape:
        raise InvalidField(f"{path} has the shape {list(shape)}", field=f"{path}.shape")
    length = 4
    for side in shape:
        length *= side
    if len(tensor.data) != length:
        raise InvalidField(
            f"{path} has {len(tensor.data)} bytes; its shape needs {length}", field=f"{path}.data"
        )


def _plain(data: bytes, image: ImageCard) -> bytes:
    return encode_image(pixels_of(data, image), pb.ENCODING_PNG).data


def pixels_of(data: bytes, image: ImageCard) -> np.ndarray:
    """An upload as uint8 [H, W, C] of the generator's size. Raises ImageInvalid, ImageTooLarge."""
    pixels = decode_image(data, channels=image.channels)
    if pixels.shape[:2] != (image.height, image.width):
        raise ImageInvalid(
            f"the picture is {pixels.shape[1]} x {pixels.shape[0]} pixels; the generator's images "
            f"are {image.width} x {image.height}: scale it first"
        )
    return pixels
