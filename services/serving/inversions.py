"""Inversions, remembered: the same picture gives the same latent without a second search."""

import asyncio
from dataclasses import dataclass

import numpy as np

from directrix import archive
from directrix.errors import ImageInvalid, InvalidField, SpaceUnavailable
from directrix.inversion import Encoder, Search
from directrix.predictors import Embedder, embedder
from directrix.rendering import Inverted, Renderer
from directrix.types import ImageSource, Recipe, Space
from directrix.v1 import values_pb2
from directrix.wire.latents import latent_to_proto
from directrix.wire.recipes import Pictures, image_source_from_proto, recipe_from_proto
from services.serving.long_work import LongWork
from services.serving.models import Models, Recent

KEPT = 256


@dataclass(frozen=True, eq=False)
class Found:
    """A picture, uint8 [H, W, C], and its inversion."""

    picture: np.ndarray
    inverted: Inverted

    def judged(self, renderer: Renderer) -> np.ndarray:
        """Scores float32 [2, K] of the picture and of its reconstruction."""
        return renderer.judge(np.stack([self.picture, self.inverted.reconstruction]))


class Inversions:
    """Searches the latents of pictures; `found` by generator and everything that a search reads."""

    def __init__(self, models: Models, long_work: LongWork):
        self._models = models
        self._long_work = long_work
        self._found: Recent[tuple[str, ImageSource], Inverted] = Recent(KEPT)

    async def recipe(
        self, renderer: Renderer, message: values_pb2.Recipe
    ) -> tuple[Recipe, Found | None]:
        """The recipe of a message, digests for names, and the inversion of its picture.

        A recipe that starts from a picture comes back as one that starts from its latent.
        """
        found = None
        if message.HasField("image"):
            found = await self.find(renderer, message.image, "recipe.image")
            inverted = values_pb2.Recipe()
            inverted.CopyFrom(message)
            inverted.latent.CopyFrom(latent_to_proto(found.inverted.latent))
            message = inverted
        recipe = recipe_from_proto(message)
        if recipe.generator != renderer.generator.card.digest:
            raise InvalidField(
                "the recipe names another generator than its call", field="recipe.generator"
            )
        return recipe, found

    async def find(self, renderer: Renderer, message: values_pb2.ImageSource, path: str) -> Found:
        """Raises ImageInvalid, ImageTooLarge, InvalidField, SpaceUnavailable, ModelNotFound,
        EncoderMismatch, PredictorMismatch.
        """
        card = renderer.generator.card
        picture, source = _read(renderer, message, path)
        found = self._found.get((card.digest, source))
        if found is None:
            encoder, look = await asyncio.to_thread(self._networks, renderer, source)
            search = Search(source.space, source.steps, noise=source.noise)
            found = await self._long_work.run(
                lambda stop: renderer.invert(picture, search, stop, encoder, look)
            )
            self._found.put((card.digest, source), found)
        return Found(picture, found)

    def _networks(
        self, renderer: Renderer, source: ImageSource
    ) -> tuple[Encoder | None, Embedder | None]:
        """What a search reads beside the generator."""
        encoder = self._models.encoder(source.encoder) if source.encoder else None
        if not source.embedder:
            return encoder, None
        predictor = self._models.predictor(source.embedder)
        predictor.check_images(renderer.generator.card.image)
        return encoder, embedder(predictor)


def _read(
    renderer: Renderer, message: values_pb2.ImageSource, path: str
) -> tuple[np.ndarray, ImageSource]:
    """The picture of a message, and the message as a value that names it by digest."""
    card, spaces = renderer.generator.card, renderer.generator.spaces
    kept: list[np.ndarray] = []

    def keep(pixels: np.ndarray) -> str:
        kept.append(pixels)
        return archive.image_digest(pixels)

    default = Space.W_PLUS if Space.W_PLUS in spaces else spaces[-1]
    source = image_source_from_proto(message, Pictures(keep, default, card.image.channels), path)
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
    return kept[0], source
