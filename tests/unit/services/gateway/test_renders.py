"""Batches as internal calls: what goes in, what comes out, whose errors are whose."""

import asyncio

import pytest

from directrix.errors import FindingMismatch, ServingUnavailable, Unauthenticated
from directrix.inference.v1 import inference_service_pb2 as internal
from directrix.v1 import values_pb2 as pb
from directrix.wire.errors import error_to_proto
from services.gateway.renders import InferenceBackend, Rendered, RenderKey, fits
from services.inference.client import InferenceClient

KEY = RenderKey("default", "g" * 64, ("p" * 64,), pb.FORM_RESULT, False, False, 12)


class Canned(InferenceClient):
    """Answers every recipe with its seed, or an error for seed 0."""

    def __init__(self, secret_is_right: bool = True):
        super().__init__("127.0.0.1:1")
        self.calls: list[tuple[internal.RenderRequest, float | None]] = []
        self._right = secret_is_right

    async def render(
        self, request: internal.RenderRequest, timeout: float | None = None
    ) -> internal.RenderResponse:
        self.calls.append((request, timeout))
        if not self._right:
            raise Unauthenticated("the replica refuses the internal secret")
        answer = internal.RenderResponse(height=2, width=2, channels=3)
        for recipe in request.recipes:
            if recipe.seed.seed == 0:
                answer.items.add(error=error_to_proto(FindingMismatch("no", layer="q")))
            else:
                answer.items.add(image=bytes([recipe.seed.seed]) * 12, scores=b"\0" * 4)
        return answer


def test_one_call_carries_the_batch_and_its_time() -> None:
    client = Canned()
    recipes = [pb.Recipe(seed=pb.SeedSource(seed=i)) for i in (1, 0, 2)]
    answers = asyncio.run(InferenceBackend(client).run(KEY, recipes, 1.5))
    assert answers[0] == Rendered(b"\1" * 12, b"\0" * 4, (2, 2, 3))
    assert answers[2].pixels == b"\2" * 12
    assert isinstance(answers[1], FindingMismatch)
    assert answers[1].metadata == {"layer": "q"}
    ((request, timeout),) = client.calls
    assert request.generator == KEY.generator
    assert tuple(request.predictors) == KEY.predictors
    assert request.form == pb.FORM_RESULT
    assert request.priority == internal.PRIORITY_INTERACTIVE
    assert timeout == 1.5


def test_a_wrong_internal_secret_is_not_the_callers_affair() -> None:
    with pytest.raises(ServingUnavailable, match="refuse this gateway"):
        asyncio.run(InferenceBackend(Canned(False)).run(KEY, [pb.Recipe()], 1.0))


@pytest.mark.parametrize(("side", "count"), [(64, 4096), (1024, 16), (4096, 1)])
def test_batches_of_large_images_are_small(side: int, count: int) -> None:
    key = KEY._replace(pixels=side * side * 3)
    assert fits(key) == count
    assert fits(key._replace(heavy=True)) == min(count, 3)
