"""Replica: everything behind the internal service, whoever carries the messages.

    message -> values -> plans (event loop) -> one pass in the model thread -> bytes (event loop)

A failing item never fails its batch, a failing pass is tried again item by item.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Hashable, Iterable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

import numpy as np

from directrix.devices import device, limit_threads
from directrix.errors import DirectrixError, Internal, InvalidField, Unavailable
from directrix.inference.v1 import inference_service_pb2 as pb
from directrix.rendering import Plan, Renderer
from directrix.types import Form, Latent
from directrix.v1 import values_pb2
from directrix.wire.errors import error_to_proto
from directrix.wire.latents import (
    form_from_proto,
    latent_batch_from_proto,
    latent_batch_to_proto,
    latent_to_proto,
    space_from_proto,
)
from directrix.wire.tensors import tensor_to_proto
from services.artifacts.catalogue import Catalogue
from services.remote import open_exchange
from services.serving.executor import Priority, PriorityExecutor, Run, Times
from services.serving.explaining import Explaining
from services.serving.inversions import Inversions
from services.serving.long_work import LongWork
from services.serving.models import Models, Recent
from services.serving.samples import Span, pieces, sample_range
from services.settings import Settings

CHUNK = 64
"""Images a task at most: what an interactive call has to wait for."""

MOST_ITEMS = 4096
"""Recipes, samples or latents a call at most."""

MOST_PROJECTS = 64
"""Projects whose inversions and spreads are remembered."""
DEFAULT_PROJECT = "default"

R = TypeVar("R")
A = TypeVar(
    "A",
    pb.RenderResponse,
    pb.ScoreResponse,
    pb.ExplainResponse,
    pb.InvertResponse,
    pb.SampleResponse,
)
Task = tuple[Hashable, Sequence[Any], Run]
"""What the executor takes: the key of those that may share a pass, items, and the work."""
Drawn = tuple[np.ndarray, np.ndarray]
"""One image uint8 [H, W, C] and its scores float32 [K]."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class _Desk:
    """What serves one project: it sees that project's models and pictures only."""

    models: Models
    inversions: Inversions
    explaining: Explaining


class Replica:
    """The five calls of the inference service over one catalogue, one device, one model thread.

    Answers carry their errors; nothing but cancellation is raised. Cancelling a call drops what
    has not begun and stops searches at their next step.
    """

    def __init__(self, catalogue: Catalogue, settings: Settings):
        prepare = partial(limit_threads, settings.threads)
        self._executor = PriorityExecutor(prepare)
        self._exchange = open_exchange(settings)
        on = device(settings.device)
        self._models = Models(catalogue, on, settings.model_cache, self._exchange)
        self._long_work = LongWork(self._executor, prepare, settings.searches)
        self._desks: Recent[str, _Desk] = Recent(MOST_PROJECTS)

    async def render(self, request: pb.RenderRequest) -> pb.RenderResponse:
        return await _answered(pb.RenderResponse, self._render(request))

    async def score(self, request: pb.ScoreRequest) -> pb.ScoreResponse:
        return await _answered(pb.ScoreResponse, self._score(request))

    async def explain(self, request: pb.ExplainRequest) -> AsyncGenerator[pb.ExplainResponse, None]:
        """Progress, then the answer or an error."""
        async with aclosing(self._desk(request.project).explaining.explain(request)) as answers:
            try:
                async for answer in answers:
                    yield answer
            except DirectrixError as error:
                yield pb.ExplainResponse(error=error_to_proto(error))
            except Exception as error:
                logger.exception("a call failed")
                yield pb.ExplainResponse(error=error_to_proto(error))

    async def invert(self, request: pb.InvertRequest) -> pb.InvertResponse:
        return await _answered(pb.InvertResponse, self._invert(request))

    async def sample(self, request: pb.SampleRequest) -> pb.SampleResponse:
        return await _answered(pb.SampleResponse, self._sample(request))

    @property
    def alive(self) -> bool:
        return self._executor.alive

    def close(self) -> None:
        """Ends its threads; searches stop at their next step."""
        self._long_work.close()
        self._executor.close()
        self._exchange.close()

    def _desk(self, project: str) -> _Desk:
        """Where calls of a project are served; an empty name is that of the default one."""
        project = project or DEFAULT_PROJECT
        desk = self._desks.get(project)
        if desk is None:
            models = self._models.of(project)
            inversions = Inversions(models, self._long_work)
            desk = _Desk(models, inversions, Explaining(models, inversions, self._long_work))
            self._desks.put(project, desk)
        return desk

    async def _render(self, request: pb.RenderRequest) -> pb.RenderResponse:
        _check_count(len(request.recipes), "recipes")
        desk = self._desk(request.project)
        renderer = await desk.models.get_renderer(request.generator, tuple(request.predictors))
        form = form_from_proto(request.form)
        plans = [await self._plan(desk, renderer, recipe) for recipe in request.recipes]
        waiting = [plan for plan in plans if not isinstance(plan, DirectrixError)]
        run = partial(draw, renderer, form)
        parts = [waiting[start : start + CHUNK] for start in range(0, len(waiting), CHUNK)]
        times = Times()
        tasks: list[Task] = [((renderer, form), part, run) for part in parts]
        drawn = iter(await self._pass_all(tasks, request.priority, times))
        image = renderer.generator.card.image
        answer = pb.RenderResponse(
            height=image.height,
            width=image.width,
            channels=image.channels,
            queue_seconds=times.queue,
            compute_seconds=times.compute,
        )
        for plan in plans:
            result = plan if isinstance(plan, DirectrixError) else next(drawn)
            answer.items.append(_item(result, request.omit_images))
        return answer

    async def _plan(
        self, desk: _Desk, renderer: Renderer, message: values_pb2.Recipe
    ) -> Plan | DirectrixError:
        """What is wrong with this one recipe is its own answer."""
        try:
            recipe, _ = await desk.inversions.recipe(renderer, message)
            await desk.models.fetch_findings(recipe.finding_sets())
            return renderer.plan(recipe)
        except DirectrixError as error:
            return error
        except Exception:
            logger.exception("a recipe could not be planned")
            return Internal("the recipe could not be planned")

    async def _score(self, request: pb.ScoreRequest) -> pb.ScoreResponse:
        models = self._desk(request.project).models
        renderer = await models.get_renderer(request.generator, tuple(request.predictors))
        form = form_from_proto(request.form)
        tasks: list[Task]
        if request.WhichOneof("source") == "samples":
            _check_count(request.samples.count, "samples.count")
            spans = pieces(sample_range(request.samples), CHUNK)
            tasks = [(object(), [span], partial(_score_spans, renderer, form)) for span in spans]
        else:
            latent = latent_batch_from_proto(request.latents, request.generator)
            _check_count(len(latent), "latents")
            parts = [
                Latent(latent.space, latent.generator, latent.values[start : start + CHUNK])
                for start in range(0, len(latent), CHUNK)
            ]
            tasks = [(object(), [part], partial(_score_latents, renderer, form)) for part in parts]
        scores = np.concatenate(await self._pass_all(tasks, request.priority))
        return pb.ScoreResponse(scores=tensor_to_proto(scores))

    async def _invert(self, request: pb.InvertRequest) -> pb.InvertResponse:
        desk = self._desk(request.project)
        renderer = await desk.models.get_renderer(request.generator, tuple(request.predictors))
        found = await desk.inversions.find(renderer, request.source, "source")

        def judge(_: Sequence[None]) -> list[np.ndarray]:
            return [found.judged(renderer)]

        scores = await self._executor.submit(object(), [None], judge, Priority.INTERACTIVE)
        inverted = found.inverted
        return pb.InvertResponse(
            latent=latent_to_proto(inverted.latent),
            reconstruction=tensor_to_proto(inverted.reconstruction),
            mean_squared_error=inverted.error,
            scores=tensor_to_proto(scores[0]),
            noise_error=inverted.noise_error,
        )

    async def _sample(self, request: pb.SampleRequest) -> pb.SampleResponse:
        renderer = await self._desk(request.project).models.get_renderer(request.generator, ())
        _check_count(request.samples.count, "samples.count")
        space = space_from_proto(request.space)
        span = sample_range(request.samples)

        def draw(_: Sequence[None]) -> list[Latent]:
            return [renderer.sample(span.seed, span.start, span.count, space, span.truncation)]

        found = await self._executor.submit(object(), [None], draw, Priority.INTERACTIVE)
        return pb.SampleResponse(latents=latent_batch_to_proto(found[0]))

    async def _pass_all(
        self, tasks: Iterable[Task], priority: int, times: Times | None = None
    ) -> list[Any]:
        """Results of all tasks, in order; cancelled together."""
        level = Priority.BATCH if priority == pb.PRIORITY_BATCH else Priority.INTERACTIVE
        parts = await asyncio.gather(
            *(self._executor.submit(key, items, run, level, times) for key, items, run in tasks)
        )
        return [result for part in parts for result in part]


async def _answered(kind: type[A], work: Awaitable[A]) -> A:
    try:
        return await work
    except DirectrixError as error:
        return kind(error=error_to_proto(error))
    except Exception as error:
        logger.exception("a call failed")
        return kind(error=error_to_proto(error))


def _check_count(count: int, path: str) -> None:
    if not 1 <= count <= MOST_ITEMS:
        raise InvalidField(f"a call has 1 to {MOST_ITEMS} {path}, not {count}", field=path)


def _item(result: Drawn | DirectrixError, omit_image: bool) -> pb.RenderedItem:
    if isinstance(result, DirectrixError):
        return pb.RenderedItem(error=error_to_proto(result))
    image, scores = result
    return pb.RenderedItem(
        image=b"" if omit_image else image.tobytes(), scores=scores.astype("<f4").tobytes()
    )


def draw(renderer: Renderer, form: Form, plans: Sequence[Plan]) -> Sequence[Drawn | DirectrixError]:
    """One pass. Where it fails, each item is tried alone, so that only the bad ones fail."""
    try:
        rendered = renderer.render(plans, form)
        return list(zip(rendered.images, rendered.scores, strict=True))
    except Unavailable as error:  # it is down for all of them: each alone would wait as long
        return [error] * len(plans)
    except Exception as error:
        if len(plans) > 1:
            return [result for plan in plans for result in draw(renderer, form, [plan])]
        if isinstance(error, DirectrixError):
            return [error]
        logger.exception("an image could not be rendered")
        return [Internal("the image could not be rendered")]


def _score_latents(renderer: Renderer, form: Form, latents: Sequence[Latent]) -> list[np.ndarray]:
    return [renderer.score(latent, form) for latent in latents]


def _score_spans(renderer: Renderer, form: Form, spans: Sequence[Span]) -> list[np.ndarray]:
    """Of the very images that recipes with these seeds and this truncation give."""
    space = renderer.generator.truncation_space
    return [
        renderer.score(
            renderer.sample(span.seed, span.start, span.count, space, span.truncation), form
        )
        for span in spans
    ]
