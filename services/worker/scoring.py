"""Scoring: scores from the inference service, in small calls of batch priority.

Calls stay small so that interactive ones get in between, and one more is on its way than there are
replicas, so that none of them waits for its next one.
"""

import copy
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context

import numpy as np

from directrix.errors import Internal
from directrix.inference.v1 import inference_service_pb2 as pb
from directrix.types import Form, Latent, PopulationSpec, Recipe
from directrix.v1 import values_pb2 as values_pb
from directrix.wire.errors import error_from_proto
from directrix.wire.latents import latent_batch_to_proto
from directrix.wire.recipes import recipe_to_proto
from directrix.wire.tensors import tensor_from_proto
from services.inference.client import BlockingInferenceClient

CALL, PICTURES = 64, 16
"""Images a call; fewer where they are sent back: the largest just fit into a message."""
TIMEOUT = 120.0
"""Seconds a call may take, the loading of a model included."""

_FORMS = {Form.RESULT: values_pb.FORM_RESULT, Form.PREVIEW: values_pb.FORM_PREVIEW}

Tick = Callable[[int], None]
"""Told how many images are done; may raise to stop."""


class Scoring(ABC):
    """Scores [N, K] float32 by predictors given as digests, their scorers side by side.

    Every call raises the errors of the inference service, and whatever `tick` raises.
    """

    @abstractmethod
    def samples(
        self, spec: PopulationSpec, predictors: list[str], start: int, count: int, tick: Tick
    ) -> np.ndarray:
        """Samples start .. start + count of a population."""

    @abstractmethod
    def latents(self, latents: Latent, predictors: list[str], tick: Tick) -> np.ndarray:
        """Latents of a method's own choice."""

    @abstractmethod
    def recipes(
        self, generator: str, predictors: list[str], recipes: list[Recipe], tick: Tick
    ) -> np.ndarray:
        """The images of recipes that name the generator and finding sets by digest."""

    @abstractmethod
    def pictures(
        self, generator: str, predictors: list[str], recipes: list[Recipe], tick: Tick
    ) -> tuple[np.ndarray, np.ndarray]:
        """As `recipes`, and the images themselves: uint8 [N, H, W, C]."""


class RemoteScoring(Scoring):
    """Through the inference service."""

    def __init__(self, client: BlockingInferenceClient, replicas: int):
        self._client = client
        self._project = ""
        self._in_flight = replicas + 1
        self._threads = ThreadPoolExecutor(self._in_flight, thread_name_prefix="scoring")

    def samples(
        self, spec: PopulationSpec, predictors: list[str], start: int, count: int, tick: Tick
    ) -> np.ndarray:
        requests = (
            pb.ScoreRequest(
                generator=spec.generator,
                predictors=predictors,
                form=_FORMS[spec.form],
                samples=pb.SampleRange(
                    seed=spec.seed, start=first, count=n, truncation=spec.truncation
                ),
                priority=pb.PRIORITY_BATCH,
                project=self._project,
            )
            for first, n in _cut(start, count)
        )
        return self._gather(requests, self._score, tick)

    def latents(self, latents: Latent, predictors: list[str], tick: Tick) -> np.ndarray:
        requests = (
            pb.ScoreRequest(
                generator=latents.generator,
                predictors=predictors,
                latents=latent_batch_to_proto(
                    Latent(latents.space, latents.generator, latents.values[first : first + n])
                ),
                priority=pb.PRIORITY_BATCH,
                project=self._project,
            )
            for first, n in _cut(0, len(latents))
        )
        return self._gather(requests, self._score, tick)

    def recipes(
        self, generator: str, predictors: list[str], recipes: list[Recipe], tick: Tick
    ) -> np.ndarray:
        requests = _renders(self._project, generator, predictors, recipes, omit_images=True)
        return self._gather(requests, self._render, tick)

    def pictures(
        self, generator: str, predictors: list[str], recipes: list[Recipe], tick: Tick
    ) -> tuple[np.ndarray, np.ndarray]:
        images: dict[int, np.ndarray] = {}
        requests = list(_renders(self._project, generator, predictors, recipes, omit_images=False))
        places = {id(request): place for place, request in enumerate(requests)}

        def render(request: pb.RenderRequest) -> np.ndarray:
            answer = self._answer(request)
            images[places[id(request)]] = _images(answer)
            return _scores(answer)

        scores = self._gather(requests, render, tick)
        return scores, np.concatenate([images[place] for place in range(len(requests))])

    def of(self, project: str) -> "RemoteScoring":
        """With the models of a project, over the same client and threads."""
        own = copy.copy(self)
        own._project = project
        return own

    def close(self) -> None:
        self._threads.shutdown()
        self._client.close()

    def _score(self, request: pb.ScoreRequest) -> np.ndarray:
        answer = self._client.score(request, TIMEOUT)
        return tensor_from_proto(answer.scores, "scores", axes=2)

    def _render(self, request: pb.RenderRequest) -> np.ndarray:
        return _scores(self._answer(request))

    def _answer(self, request: pb.RenderRequest) -> pb.RenderResponse:
        answer = self._client.render(request, TIMEOUT)
        if len(answer.items) != len(request.recipes):
            raise Internal("a replica answered another number of items than it was asked for")
        for item in answer.items:
            if item.HasField("error"):
                raise error_from_proto(item.error)
        return answer

    def _gather(
        self,
        requests: Iterable[pb.ScoreRequest] | Iterable[pb.RenderRequest],
        call: Callable[..., np.ndarray],
        tick: Tick,
    ) -> np.ndarray:
        """The answers one below the other, in the order of the requests."""
        flying: deque[Future[np.ndarray]] = deque()
        rows: list[np.ndarray] = []
        done = 0

        def land() -> int:
            rows.append(flying.popleft().result())
            tick(done + len(rows[-1]))
            return done + len(rows[-1])

        try:
            for request in requests:
                flying.append(self._threads.submit(copy_context().run, call, request))
                if len(flying) == self._in_flight:
                    done = land()
            while flying:
                done = land()
        finally:
            for future in flying:
                future.cancel()
        return np.concatenate(rows)


def _cut(start: int, count: int, call: int = CALL) -> list[tuple[int, int]]:
    """(first, length) of the calls."""
    return [(start + at, min(call, count - at)) for at in range(0, count, call)]


def _renders(
    project: str, generator: str, predictors: list[str], recipes: list[Recipe], omit_images: bool
) -> Iterator[pb.RenderRequest]:
    for first, n in _cut(0, len(recipes), CALL if omit_images else PICTURES):
        yield pb.RenderRequest(
            generator=generator,
            predictors=predictors,
            recipes=[recipe_to_proto(recipe) for recipe in recipes[first : first + n]],
            priority=pb.PRIORITY_BATCH,
            omit_images=omit_images,
            project=project,
        )


def _scores(answer: pb.RenderResponse) -> np.ndarray:
    return np.stack([np.frombuffer(item.scores, "<f4") for item in answer.items])


def _images(answer: pb.RenderResponse) -> np.ndarray:
    shape = (answer.height, answer.width, answer.channels)
    if any(len(item.image) != np.prod(shape) for item in answer.items):
        raise Internal("a replica answered images of another size than it says")
    return np.stack([np.frombuffer(item.image, np.uint8).reshape(shape) for item in answer.items])
