"""What a worker asks of the inference service, and in which order the answers come back."""

import threading
import time

import numpy as np
import pytest

from directrix.errors import Internal, QueueFull
from directrix.inference.v1 import inference_service_pb2 as pb
from directrix.types import Recipe, SeedSource
from directrix.wire.errors import error_to_proto
from services.inference.client import BlockingInferenceClient
from services.worker.scoring import CALL, PICTURES, RemoteScoring

GENERATOR = "a" * 64


class FakeClient(BlockingInferenceClient):
    """Answers each recipe with its index: as scores, and as the grey of its picture. Every other
    call is slow, so that answers overtake one another."""

    def __init__(self, broken: int = -1, images: bool = True):
        self.requests: list[pb.RenderRequest] = []
        self.broken, self.images = broken, images
        self._lock = threading.Lock()

    def render(self, request: pb.RenderRequest, seconds: float) -> pb.RenderResponse:
        with self._lock:
            self.requests.append(request)
            slow = len(self.requests) % 2
        time.sleep(0.02 * slow)
        answer = pb.RenderResponse(height=2, width=3, channels=1)
        for recipe in request.recipes:
            index = recipe.seed.index
            scores = np.array([index, -index], "<f4").tobytes()
            image = b"" if request.omit_images or not self.images else bytes([index] * 6)
            answer.items.add(scores=scores, image=image)
        if self.broken in [recipe.seed.index for recipe in request.recipes]:
            answer.items[0].error.CopyFrom(error_to_proto(QueueFull("full")))
        return answer

    def close(self) -> None:
        pass


def recipes(count: int) -> list[Recipe]:
    return [Recipe(GENERATOR, SeedSource(1, index)) for index in range(count)]


def test_scores_come_without_pictures_in_large_calls() -> None:
    client = FakeClient()
    scores = RemoteScoring(client, 1).recipes(GENERATOR, ["p"], recipes(150), lambda done: None)
    assert scores[:, 0].tolist() == list(range(150))
    assert sorted(len(r.recipes) for r in client.requests) == [150 - 2 * CALL, CALL, CALL]
    assert all(request.omit_images for request in client.requests)


def test_pictures_come_with_their_scores_in_small_calls() -> None:
    client, told = FakeClient(), []
    scores, images = RemoteScoring(client, 1).pictures(GENERATOR, ["p"], recipes(40), told.append)
    assert scores[:, 1].tolist() == [-index for index in range(40)]
    assert images.shape == (40, 2, 3, 1) and images.dtype == np.uint8
    assert images[:, 0, 0, 0].tolist() == list(range(40))
    assert {len(request.recipes) for request in client.requests} == {PICTURES, 40 % PICTURES}
    assert told == [16, 32, 40]


def test_errors_of_items_are_raised_as_what_they_are() -> None:
    with pytest.raises(QueueFull):
        RemoteScoring(FakeClient(broken=20), 1).pictures(
            GENERATOR, ["p"], recipes(40), lambda done: None
        )


def test_pictures_of_another_size_are_a_defect() -> None:
    with pytest.raises(Internal, match="another size"):
        RemoteScoring(FakeClient(images=False), 1).pictures(
            GENERATOR, ["p"], recipes(4), lambda done: None
        )
