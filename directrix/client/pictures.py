"""Pictures as they came: encoded bytes, pixels when asked for, and the recipe inside a PNG."""

import io
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from google.protobuf import json_format

from directrix.v1 import values_pb2

RECIPE_CHUNK = "directrix-recipe"
"""The PNG text chunk that holds a recipe as JSON."""


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture of the service: encoded bytes, size and the digest of its uint8 pixels."""

    data: bytes
    encoding: str
    """"png", "raw" or "jpeg"."""
    height: int
    width: int
    channels: int
    digest: str

    @cached_property
    def image(self) -> np.ndarray:
        """uint8 [H, W, C]."""
        if self.encoding == "raw":
            pixels = np.frombuffer(self.data, np.uint8)
        else:
            from PIL import Image

            mode = "L" if self.channels == 1 else "RGB"
            pixels = np.asarray(Image.open(io.BytesIO(self.data)).convert(mode))
        return pixels.reshape(self.height, self.width, self.channels)

    @cached_property
    def png(self) -> bytes:
        """The picture as a PNG file; the service's own bytes where it sent one."""
        return self.data if self.encoding == "png" else encode_png(self.image)

    def _repr_png_(self) -> bytes:
        return self.png


def encode_png(pixels: np.ndarray, text: dict[str, str] | None = None) -> bytes:
    """uint8 [H, W, C] (C 1 or 3) as a PNG file, with text chunks."""
    from PIL import Image
    from PIL.PngImagePlugin import PngInfo

    chunks = PngInfo()
    for key, value in (text or {}).items():
        chunks.add_itxt(key, value)
    flat = pixels[:, :, 0] if pixels.shape[2] == 1 else pixels
    file = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(flat)).save(file, "PNG", pnginfo=chunks)
    return file.getvalue()


def png_with_recipe(picture: Picture, recipe: values_pb2.Recipe) -> bytes:
    """A PNG file that says how to make it again."""
    return encode_png(picture.image, {RECIPE_CHUNK: recipe_json(recipe)})


def recipe_json(recipe: values_pb2.Recipe, indent: int | None = None) -> str:
    """A recipe as JSON, in the field names of the protos."""
    return json_format.MessageToJson(recipe, indent=indent, preserving_proto_field_name=True)


def read_recipe(data: bytes) -> values_pb2.Recipe:
    """The recipe of a PNG file of ours, or of a JSON file. Raises ValueError."""
    text = _chunk(data) if data.startswith(b"\x89PNG") else data.decode("utf-8", "replace")
    try:
        return json_format.Parse(text, values_pb2.Recipe())
    except json_format.ParseError as error:
        raise ValueError(f"not a recipe: {error}") from error


def _chunk(data: bytes) -> str:
    from PIL import Image, UnidentifiedImageError

    try:
        image = Image.open(io.BytesIO(data), formats=("PNG",))
        image.load()
    except (OSError, UnidentifiedImageError) as error:
        raise ValueError("not a whole PNG file") from error
    text = getattr(image, "text", {}).get(RECIPE_CHUNK)
    if text is None:
        raise ValueError(f"the PNG file holds no text chunk {RECIPE_CHUNK!r}")
    return str(text)
