"""Pictures: lossless where they say so, and nothing hostile gets decoded."""

import io
import struct
import time
import warnings
import zlib

import numpy as np
import psutil
import pytest
from PIL import Image

from directrix import archive
from directrix.errors import ImageInvalid, ImageTooLarge, InvalidField
from directrix.v1 import values_pb2 as pb
from directrix.wire.images import decode_image, encode_image, image_from_proto

CHANCE = np.random.Generator(np.random.Philox(1))


def pixels(channels: int, height: int = 5, width: int = 7) -> np.ndarray:
    return CHANCE.integers(0, 256, (height, width, channels), dtype=np.uint8)


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("encoding", [0, pb.ENCODING_PNG, pb.ENCODING_RAW])
def test_lossless_encodings_come_back_exactly(channels, encoding):
    image = pixels(channels)
    message = encode_image(image, encoding)
    assert (message.height, message.width, message.channels) == (5, 7, channels)
    assert message.digest == archive.image_digest(image)
    assert message.encoding == (encoding or pb.ENCODING_PNG)
    assert np.array_equal(image_from_proto(message), image)


def test_jpeg_is_near_and_keeps_the_digest_of_the_pixels():
    ramp = np.repeat(np.arange(0, 64, dtype=np.uint8)[:, None], 64, 1)[:, :, None] * 3
    message = encode_image(ramp, pb.ENCODING_JPEG)
    assert message.digest == archive.image_digest(ramp)
    shown = image_from_proto(message).astype(int)
    assert shown.shape == ramp.shape
    assert np.abs(shown - ramp).mean() < 3


@pytest.mark.parametrize("encoding", [-1, 4, 99])
def test_unknown_encodings_are_refused(encoding):
    with pytest.raises(InvalidField):
        encode_image(pixels(1), encoding)


def test_raw_of_another_length_is_refused():
    message = encode_image(pixels(3), pb.ENCODING_RAW)
    message.data = message.data[:-1]
    with pytest.raises(ImageInvalid):
        image_from_proto(message)


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_transparency_falls_on_black(kind):
    data = saved(Image.new("RGBA", (2, 2), (200, 100, 50, 0)), kind, lossless=True)
    assert decode_image(data).tolist() == np.zeros((2, 2, 3)).tolist()


def test_modes_become_grey_or_colour():
    palette = Image.new("P", (2, 1), 0)
    palette.putpalette([10, 20, 30] * 256)
    assert decode_image(saved(palette, "PNG"))[0, 0].tolist() == [10, 20, 30]
    assert decode_image(saved(Image.new("1", (2, 1), 1), "PNG"))[0, 0].tolist() == [255]
    deep = Image.fromarray(np.full((1, 2), 0x8001, np.uint16))
    assert decode_image(saved(deep, "PNG"))[0, 0].tolist() == [0x80]
    grey = saved(Image.new("L", (2, 1), 7), "PNG")
    assert decode_image(grey, channels=3)[0, 0].tolist() == [7, 7, 7]
    assert decode_image(grey, channels=1).shape == (1, 2, 1)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_pictures_that_are_cut_off_are_refused(kind):
    data = saved(Image.fromarray(pixels(3, 40, 40)), kind)
    assert decode_image(data).shape == (40, 40, 3)
    for length in (0, 1, 8, 20, len(data) // 2, len(data) * 3 // 4):
        with pytest.raises(ImageInvalid):
            decode_image(data[:length])


@pytest.mark.parametrize("kind", ["GIF", "BMP", "TIFF", "ICO", "PPM"])
def test_other_formats_are_refused(kind):
    with pytest.raises(ImageInvalid):
        decode_image(saved(Image.new("L", (4, 4)), kind))


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_animated_pictures_are_refused(kind):
    frames = [Image.fromarray(pixels(3, 8, 8)) for _ in range(3)]
    data = saved(frames[0], kind, save_all=True, append_images=frames[1:])
    with pytest.raises(ImageInvalid, match="animated"):
        decode_image(data)


def bomb(width: int, height: int) -> bytes:
    """A PNG whose header promises far more than its few bytes hold."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        whole = kind + body
        return struct.pack(">I", len(body)) + whole + struct.pack(">I", zlib.crc32(whole))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    body = zlib.compress(bytes(1000))
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("size", [(5000, 5000), (12000, 12000), (60000, 60000)])
def test_bombs_are_refused_by_their_header(size):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ImageTooLarge):
            decode_image(bomb(*size))


def test_the_bound_can_be_lowered():
    data = saved(Image.new("L", (10, 10)), "PNG")
    assert decode_image(data, max_pixels=100).shape == (10, 10, 1)
    with pytest.raises(ImageTooLarge):
        decode_image(data, max_pixels=99)


def whole_bomb(side: int) -> bytes:
    """A whole PNG of side x side grey pixels: every byte that its header promises is in it."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        whole = kind + body
        return struct.pack(">I", len(body)) + whole + struct.pack(">I", zlib.crc32(whole))

    packer, row = zlib.compressobj(9), bytes(side + 1)
    body = b"".join(packer.compress(row) for _ in range(side)) + packer.flush()
    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")
    )


def test_a_real_bomb_costs_no_memory_and_no_time():
    """400 kB that would be 400 MB."""
    data = whole_bomb(20_000)
    assert 350_000 < len(data) < 450_000
    process = psutil.Process()
    before, began = process.memory_info().rss, time.process_time()
    for _ in range(20):
        with pytest.raises(ImageTooLarge):
            decode_image(data)
    assert process.memory_info().rss - before < 32 * 1024 * 1024
    assert time.process_time() - began < 2
