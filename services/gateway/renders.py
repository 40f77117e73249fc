"""Batches of recipes -> one call of the internal service each."""

from collections.abc import Awaitable, Sequence
from typing import NamedTuple, TypeVar

from directrix.errors import DirectrixError, ServingUnavailable, Unauthenticated
from directrix.inference.v1 import inference_service_pb2 as internal
from directrix.v1 import values_pb2 as pb
from directrix.wire.errors import error_from_proto
from services.gateway.batcher import Backend, Batcher
from services.gateway.pictures import Size
from services.inference.channel import MAX_MESSAGE_BYTES
from services.inference.client import InferenceClient
from services.sight.metrics import EDIT_STAGE

R = TypeVar("R")


_SERVING_QUEUE = EDIT_STAGE.labels("serving_queue")
_COMPUTE = EDIT_STAGE.labels("compute")


class RenderKey(NamedTuple):
    """What recipes of one batch share. searches: they start from pictures and take long.

    heavy: they carry masks of many pixels. pixels: bytes of one image.
    """

    project: str
    generator: str
    predictors: tuple[str, ...]
    form: "pb.Form.ValueType"
    searches: bool
    heavy: bool
    pixels: int


class Rendered(NamedTuple):
    """uint8 H x W x C, float32 [K]."""

    pixels: bytes
    scores: bytes
    size: Size


HEAVY_BYTES = 256 * 1024
HEAVY_RECIPES = 3
"""As many of the largest requests (16 MiB) fit into one internal message (64 MiB)."""

Renders = Batcher[RenderKey, pb.Recipe, Rendered]


def fits(key: RenderKey) -> int:
    """How many recipes of a key one call can carry, there and back, with room to spare."""
    images = MAX_MESSAGE_BYTES * 3 // (4 * key.pixels)
    return min(images, HEAVY_RECIPES) if key.heavy else images


class InferenceBackend(Backend[RenderKey, pb.Recipe, Rendered]):
    """Renders a batch by one call."""

    def __init__(self, client: InferenceClient):
        self._client = client

    async def run(
        self, key: RenderKey, items: Sequence[pb.Recipe], seconds: float
    ) -> list[Rendered | DirectrixError]:
        request = internal.RenderRequest(
            generator=key.generator,
            predictors=key.predictors,
            form=key.form,
            recipes=items,
            priority=internal.PRIORITY_INTERACTIVE,
            project=key.project,
        )
        answer = await inside(self._client.render(request, seconds))
        _SERVING_QUEUE.observe(answer.queue_seconds)
        _COMPUTE.observe(answer.compute_seconds)
        size = (answer.height, answer.width, answer.channels)
        return [
            error_from_proto(item.error)
            if item.HasField("error")
            else Rendered(item.image, item.scores, size)
            for item in answer.items
        ]


async def inside(call: Awaitable[R]) -> R:
    """An internal call; that its secret is refused is our affair and not the caller's."""
    try:
        return await call
    except Unauthenticated as error:
        raise ServingUnavailable("the replicas refuse this gateway") from error
