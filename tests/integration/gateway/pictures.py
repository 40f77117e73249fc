"""Uploads of every bad kind, and one good one ("right": 8 x 8, grey)."""

import io
import struct
import zlib

from PIL import Image


def _encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def _bomb() -> bytes:
    """A PNG that claims 60 000 x 60 000 pixels."""
    head = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", head) + _chunk(b"IDAT", zlib.compress(b"\0"))


def _chunk(kind: bytes, data: bytes) -> bytes:
    crc = struct.pack(">I", zlib.crc32(kind + data))
    return struct.pack(">I", len(data)) + kind + data + crc


def _frames() -> bytes:
    frames = [Image.new("L", (8, 8), i) for i in (0, 128, 255)]
    return _encoded(frames[0], "PNG", save_all=True, append_images=frames[1:])


_RIGHT = _encoded(Image.linear_gradient("L").resize((8, 8)), "PNG")

PICTURES = {
    "right": _RIGHT,
    "text": b"this is no picture",
    "cut": _RIGHT[: len(_RIGHT) // 2],
    "damaged": _RIGHT[:40] + b"\0" * 20 + _RIGHT[60:],
    "gif": _encoded(Image.new("L", (8, 8)), "GIF"),
    "bmp": _encoded(Image.new("L", (8, 8)), "BMP"),
    "svg": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
    "animated": _frames(),
    "larger": _encoded(Image.new("RGB", (16, 8)), "PNG"),
    "jpeg-larger": _encoded(Image.new("RGB", (9, 8)), "JPEG"),
    "bomb": _bomb(),
}
WRONG_PICTURES = {
    name: "IMAGE_TOO_LARGE" if name == "bomb" else "IMAGE_INVALID"
    for name in PICTURES
    if name != "right"
}
