"""Raw pixels from inside -> pictures as the caller asked for them."""

import asyncio
import hashlib
import struct
from collections.abc import Sequence
from concurrent.futures import Executor
from functools import lru_cache

import numpy as np

from directrix.archive import canonical_json
from directrix.errors import Internal
from directrix.v1 import values_pb2 as pb
from directrix.wire.images import encode_image
from services.gateway.lookups import PredictorEntry

Size = tuple[int, int, int]
"""Rows, columns, channels."""


class Pictures:
    """Encodes in `threads`; raw pictures go out as they are."""

    def __init__(self, threads: Executor):
        self._threads = threads

    async def encode(self, pixels: bytes, size: Size, encoding: int) -> pb.Image:
        """uint8 H x W x C -> a picture; an unset encoding means PNG."""
        if len(pixels) != size[0] * size[1] * size[2]:
            raise Internal("an image from inside is not of its own size")
        if encoding == pb.ENCODING_RAW:
            return raw_image(pixels, size)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, _encode, pixels, size, encoding)


def raw_image(pixels: bytes, size: Size) -> pb.Image:
    """Without a copy into an array; its digest is that of `directrix.archive.image_digest`."""
    digest = hashlib.sha256(_digest_head(size))
    digest.update(pixels)
    return pb.Image(
        data=pixels,
        encoding=pb.ENCODING_RAW,
        height=size[0],
        width=size[1],
        channels=size[2],
        digest=digest.hexdigest(),
    )


def scores(values: bytes, predictors: Sequence[PredictorEntry]) -> list[pb.Scores]:
    """float32 [K], the scorers of all predictors one after the other -> one entry a predictor."""
    if not predictors:
        return []
    numbers = iter(_floats(values, sum(len(p.card.scorers) for p in predictors)))
    return [
        pb.Scores(predictor=p.name, values=dict(zip(p.scorers, numbers, strict=False)))
        for p in predictors
    ]


def _floats(values: bytes, count: int) -> tuple[float, ...]:
    if len(values) != 4 * count:
        raise Internal("scores from inside are not of their own number")
    return struct.unpack(f"<{count}f", values)


def _encode(pixels: bytes, size: Size, encoding: int) -> pb.Image:
    return encode_image(np.frombuffer(pixels, np.uint8).reshape(size), encoding)


@lru_cache(64)
def _digest_head(size: Size) -> bytes:
    return canonical_json(["|u1", list(size)]) + b"\0"
