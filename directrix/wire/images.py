"""Pictures: uint8 pixels [H, W, C] <-> encoded bytes. Decoding trusts nothing."""

import io

import numpy as np
from PIL import Image, UnidentifiedImageError

from directrix import archive
from directrix.errors import ImageInvalid, ImageTooLarge
from directrix.v1 import values_pb2 as pb
from directrix.wire.fields import within

FORMATS = ("PNG", "JPEG", "WEBP")
MAX_PIXELS = 16_777_216


def encode_image(pixels: np.ndarray, encoding: int = pb.ENCODING_PNG) -> pb.Image:
    """uint8 [H, W, C] with C = 1 or 3. An unset encoding means PNG.

    The digest is of the pixels, also where the encoding is lossy.
    """
    encoding = within(encoding, 0, pb.ENCODING_JPEG, "encoding") or pb.ENCODING_PNG
    height, width, channels = pixels.shape
    return pb.Image(
        data=_encode(pixels, encoding),
        encoding=encoding,
        height=height,
        width=width,
        channels=channels,
        digest=archive.image_digest(pixels),
    )


def _encode(pixels: np.ndarray, encoding: int) -> bytes:
    if encoding == pb.ENCODING_RAW:
        return pixels.tobytes()
    image = Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels)
    buffer = io.BytesIO()
    if encoding == pb.ENCODING_JPEG:
        image.save(buffer, "JPEG", quality=90)
    else:
        # Level 1 takes two thirds of the time of level 6 and a tenth more bytes.
        image.save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


def image_from_proto(message: pb.Image) -> np.ndarray:
    """The pixels of an answer, uint8 [H, W, C]. Raises ImageInvalid."""
    if message.encoding != pb.ENCODING_RAW:
        return decode_image(message.data)
    shape = (message.height, message.width, message.channels)
    if len(message.data) != message.height * message.width * message.channels:
        raise ImageInvalid(f"{len(message.data)} bytes are no image of shape {shape}")
    return np.frombuffer(message.data, np.uint8).reshape(shape)


def decode_image(
    data: bytes, max_pixels: int = MAX_PIXELS, channels: int | None = None
) -> np.ndarray:
    """PNG, JPEG or WebP as uint8 [H, W, C]: 1 channel for grey pictures, else 3.

    channels: convert to so many. Transparency falls on black; metadata is not looked at. Raises
    ImageTooLarge before any pixel is decoded, ImageInvalid for what is damaged, animated or of
    another format.
    """
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            _check(image, max_pixels)
            image.load()
            return _pixels(image, channels)
    except (ImageInvalid, ImageTooLarge):
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ImageTooLarge(
            f"the picture has more than {max_pixels} pixels", max_pixels=str(max_pixels)
        ) from error
    except UnidentifiedImageError as error:
        raise ImageInvalid(f"not a picture of a known format ({', '.join(FORMATS)})") from error
    except Exception as error:  # damaged files raise many kinds: OSError, SyntaxError, ValueError
        raise ImageInvalid("the picture is damaged or cut off") from error


def _check(image: Image.Image, max_pixels: int) -> None:
    width, height = image.size
    if width * height > max_pixels:
        raise ImageTooLarge(
            f"the picture has {width} x {height} pixels, more than {max_pixels}",
            max_pixels=str(max_pixels),
        )
    if getattr(image, "is_animated", False):
        raise ImageInvalid("the picture is animated")


def _pixels(image: Image.Image, channels: int | None) -> np.ndarray:
    if image.mode.startswith("I"):
        wide = np.asarray(image).astype(np.int64)
        image = Image.fromarray((wide >> 8).clip(0, 255).astype(np.uint8))
    grey = image.mode in ("1", "L", "LA", "La")
    if image.mode in ("LA", "La", "RGBA", "RGBa", "PA") or "transparency" in image.info:
        image = image.convert("RGBA")
        black = Image.new("RGBA", image.size, (0, 0, 0, 255))
        image = Image.alpha_composite(black, image)
    wanted = channels or (1 if grey else 3)
    pixels = np.asarray(image.convert("L" if wanted == 1 else "RGB"))
    return np.ascontiguousarray(pixels.reshape(image.height, image.width, wanted))
