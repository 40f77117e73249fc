"""Raw pictures and scores without arrays, equal to what arrays would have given."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from directrix.archive import image_digest
from directrix.errors import Internal
from directrix.types import ImageCard, PredictorCard, Scorer
from directrix.v1 import values_pb2 as pb
from directrix.wire.images import image_from_proto
from services.gateway.lookups import PredictorEntry
from services.gateway.pictures import Pictures, raw_image, scores

PIXELS = np.random.default_rng(0).integers(0, 256, (5, 7, 3), np.uint8)


def predictor(name: str, scorers: str) -> PredictorEntry:
    card = PredictorCard(
        name=name,
        architecture="linear",
        image=ImageCard(channels=3, height=5, width=7),
        scorers=tuple(Scorer(name=s) for s in scorers),
    )
    return PredictorEntry(f"projects/default/models/{name}", "0" * 64, card)


def test_a_raw_picture_has_the_archives_digest() -> None:
    image = raw_image(PIXELS.tobytes(), PIXELS.shape)
    assert image.digest == image_digest(PIXELS)
    assert (image_from_proto(image) == PIXELS).all()


@pytest.mark.parametrize("encoding", [0, pb.ENCODING_PNG, pb.ENCODING_RAW, pb.ENCODING_JPEG])
def test_every_encoding_keeps_size_and_digest(encoding: int) -> None:
    with ThreadPoolExecutor(1) as threads:
        work = Pictures(threads).encode(PIXELS.tobytes(), PIXELS.shape, encoding)
        image = asyncio.run(work)
    assert (image.height, image.width, image.channels) == PIXELS.shape
    assert image.digest == image_digest(PIXELS)
    assert image.encoding == (encoding or pb.ENCODING_PNG)


def test_scores_are_dealt_out_in_order() -> None:
    values = np.array([1.5, -2.0, 0.25], "<f4").tobytes()
    dealt = scores(values, [predictor("p", "ab"), predictor("q", "a")])
    assert [(s.predictor, dict(s.values)) for s in dealt] == [
        ("projects/default/models/p", {"a": 1.5, "b": -2.0}),
        ("projects/default/models/q", {"a": 0.25}),
    ]
    assert scores(b"", []) == []


def test_wrong_lengths_from_inside_are_defects() -> None:
    with pytest.raises(Internal):
        scores(b"\0" * 4, [predictor("p", "ab")])
    with ThreadPoolExecutor(1) as threads, pytest.raises(Internal):
        asyncio.run(Pictures(threads).encode(b"\0" * 5, (5, 7, 3), pb.ENCODING_RAW))
