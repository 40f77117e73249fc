"""Inversions, remembered: the same picture gives the same latent without a second search."""

from dataclasses import dataclass

import numpy as np

from directrix import archive
from directrix.errors import ImageInvalid, InvalidField, SpaceUnavailable
from directrix.rendering import Renderer
from directrix.types import ImageSource, Latent, Recipe, Space
from directrix.v1 import values_pb2
from directrix.wire.latents import latent_to_proto
from directrix.wire.recipes import Pictures, image_source_from_proto, recipe_from_proto
from services.serving.long_work import LongWork, Stop
from services.serving.models import Recent

KEPT = 256


@dataclass(frozen=True)
class Inversion:
    """latent: one row. reconstruction: uint8 [H, W, C]. error: mean squared, in [-1, 1]."""

    latent: Latent
    reconstruction: np.ndarray
    error: float


class Inversions:
    """Searches the latents of pictures; `found` by generator and everything that a search reads."""

    def __init__(self, long_work: LongWork):
        self._long_work = long_work
        self._found: Recent[tuple[str, ImageSource], Inversion] = Recent(KEPT)

    async def recipe(
        self, renderer: Renderer, message: values_pb2.Recipe
    ) -> tuple[Recipe, float | None]:
        """The recipe of a message, digests for names, and the error of its picture's inversion.

        A recipe that starts from a picture comes back as one that starts from its latent.
        """
        error = None
        if message.HasField("image"):
            found = await self.find(renderer, message.image, "recipe.image")
            error = found.error
            inverted = values_pb2.Recipe()
            inverted.CopyFrom(message)
            inverted.latent.CopyFrom(latent_to_proto(found.latent))
            message = inverted
        recipe = recipe_from_proto(message)
        if recipe.generator != renderer.generator.card.digest:
            raise InvalidField(
                "the recipe names another generator than its call", field="recipe.generator"
            )
        return recipe, error

    async def find(
        self, renderer: Renderer, message: values_pb2.ImageSource, path: str
    ) -> Inversion:
        """Raises ImageInvalid, ImageTooLarge, InvalidField, SpaceUnavailable."""
        card = renderer.generator.card
        spaces = renderer.generator.spaces
        kept: list[np.ndarray] = []

        def keep(pixels: np.ndarray) -> str:
            kept.append(pixels)
            return archive.image_digest(pixels)

        default = Space.W_PLUS if Space.W_PLUS in spaces else spaces[-1]
        source = image_source_from_proto(
            message, Pictures(keep, default, card.image.channels), path
        )
        if source.space not in spaces:
            raise SpaceUnavailable(
                f"generator {card.name} has no space {source.space}: it has {', '.join(spaces)}",
                space=source.space,
            )
        wanted = (card.image.height, card.image.width, card.image.channels)
        if kept[0].shape != wanted:
            raise ImageInvalid(
                f"the picture has {kept[0].shape[1]} x {kept[0].shape[0]} pixels; generator "
                f"{card.name} makes {wanted[1]} x {wanted[0]}"
            )
        found = self._found.get((card.digest, source))
        if found is None:
            found = await self._long_work.run(lambda stop: _invert(renderer, kept[0], source, stop))
            self._found.put((card.digest, source), found)
        return found


def _invert(renderer: Renderer, pixels: np.ndarray, source: ImageSource, stop: Stop) -> Inversion:
    latent, reconstruction, error = renderer.invert(pixels, source.space, source.steps, stop)
    return Inversion(latent, reconstruction, float(error))
