"""Explanations: the library's search, with its models found and its answer written as a message."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass, replace
from time import monotonic

import numpy as np

from directrix import counterfactuals
from directrix.counterfactuals import DEFAULT, EXPLAINERS, Hold, Progress, Question, Spent
from directrix.densities import Normal
from directrix.errors import InvalidField
from directrix.inference.v1 import inference_service_pb2 as pb
from directrix.predictors import Predictor
from directrix.rendering import Renderer
from directrix.types import Counterfactual, Recipe, Status
from directrix.v1 import explanation_service_pb2 as service
from directrix.v1 import values_pb2
from directrix.wire.counterfactuals import counterfactual_to_proto
from directrix.wire.images import encode_image
from directrix.wire.tensors import tensor_from_proto
from services.serving.inversions import Inversions
from services.serving.long_work import LongWork, Stop
from services.serving.models import Models, Recent

MAX_ALPHA = 6.0
BUDGET = 2000
TOLERANCE_SD = 0.5
SPREAD_SEED, SPREAD_SAMPLES = 2**61, 256
"""Of the population that tells the SDs of what is held."""
SPREADS = 64
"""SDs that are kept."""
PAUSE = 0.05
"""Seconds between two messages of progress, at least."""
NORMALS = 16
"""Normals of generators' populations that are kept."""


class Explaining:
    """Searches run beside the model thread and give way to it between their steps."""

    def __init__(self, models: Models, inversions: Inversions, long_work: LongWork):
        self._models = models
        self._inversions = inversions
        self._long_work = long_work
        self._spreads: Recent[tuple[str, ...], np.ndarray] = Recent(SPREADS)
        self._normals: Recent[str, Normal] = Recent(NORMALS)

    async def explain(self, request: pb.ExplainRequest) -> AsyncGenerator[pb.ExplainResponse, None]:
        """Progress, then the answer; "not found" is one. Raises what is wrong with the request."""
        asked = request.request
        holders = tuple(dict.fromkeys(h.predictor for h in asked.hold))
        scorers = (asked.classifier, *(h for h in holders if h != asked.classifier))
        renderer = await self._models.get_renderer(asked.recipe.generator, scorers)
        oracle = None
        if asked.oracle:
            oracle = await asyncio.to_thread(self._models.predictor, asked.oracle)
        recipe, source = await self._inversions.recipe(renderer, asked.recipe)
        await self._models.fetch_findings({*recipe.finding_sets(), asked.finding_set} - {""})
        scales = await self._deviations(renderer, scorers) if holders else None
        question = _question(asked, recipe, _holds(asked, renderer, scales))
        events: asyncio.Queue[Progress | None] = asyncio.Queue()
        loop = asyncio.get_running_loop()

        def watch(progress: Progress) -> None:
            loop.call_soon_threadsafe(events.put_nowait, progress)

        def search(stop: Stop) -> list[Counterfactual]:
            explainer = EXPLAINERS[asked.explainer or DEFAULT]
            found = counterfactuals.explain_variously(
                question,
                renderer,
                asked.alternatives,
                oracle,
                _within(asked.seconds, stop),
                explainer,
                watch,
            )
            return [self._verified(each, question, renderer, oracle) for each in found]

        task = asyncio.ensure_future(self._long_work.run(search))
        task.add_done_callback(lambda _: events.put_nowait(None))
        try:
            async for progress in _unhurried(events):
                yield pb.ExplainResponse(progress=progress)
            found = task.result()
        finally:
            task.cancel()
        if source is not None:
            verdicts = await self._long_work.run(lambda stop: source.judged(renderer))
            classes = len(renderer.predictors[0].scorers)
            before, after = verdicts[:, :classes].argmax(1)
            found = [
                replace(
                    each,
                    reconstruction_error=source.inverted.error,
                    reconstruction_label_kept=bool(before == after),
                )
                for each in found
            ]
        writer = _Writer(renderer, len(holders), scales)
        yield pb.ExplainResponse(response=writer.write(found))

    def _verified(
        self,
        found: Counterfactual,
        question: Question,
        renderer: Renderer,
        oracle: Predictor | None,
    ) -> Counterfactual:
        """With what its views say, and how usual its latent is."""
        digest = renderer.generator.card.digest
        usual = self._normals.get(digest)
        if usual is None:
            usual = counterfactuals.normal(renderer)
            self._normals.put(digest, usual)
        change = counterfactuals.log_density_change(found, question.recipe, renderer, usual)
        verified = counterfactuals.verify(found, question, renderer, oracle)
        return replace(verified, log_density_change=change)

    async def _deviations(self, renderer: Renderer, scorers: tuple[str, ...]) -> np.ndarray:
        """The population's SD of every score [K]."""
        key = (renderer.generator.card.digest, *scorers)
        known = self._spreads.get(key)
        if known is None:
            known = await self._long_work.run(lambda stop: _spread(renderer))
            self._spreads.put(key, known)
        return known


@dataclass(frozen=True, eq=False)
class _Writer:
    """Answers as one message: the first, the others inside it.

    holders: how many predictors hold scores. scales: the SD of every score, where any does.
    """

    renderer: Renderer
    holders: int
    scales: np.ndarray | None

    def write(self, found: list[Counterfactual]) -> service.ExplainImageResponse:
        first, *others = (self._one(each) for each in found)
        for other in others:
            other.ClearField("original")
            first.alternatives.append(other)
        return first

    def _one(self, found: Counterfactual) -> service.ExplainImageResponse:
        message = counterfactual_to_proto(found)
        if self.scales is None or found.status is Status.ALREADY_TARGET:
            return message
        holders = [each.card.digest for each in self.renderer.predictors][-self.holders :]
        for column, (predictor, scorer) in enumerate(_columns(self.renderer)):
            before, after = found.scores_before[column], found.scores_after[column]
            if predictor in holders:
                message.changes.add(
                    predictor=predictor,
                    scorer=scorer,
                    before=before,
                    after=after,
                    change_sd=(float(after) - float(before)) / self.scales[column],
                )
        self._depend(message)
        return message

    def _depend(self, message: service.ExplainImageResponse) -> None:
        """Mean and maximum of what else changed."""
        classifier = self.renderer.predictors[0].card.digest
        own = {(classifier, message.source_class), (classifier, message.target_class)}
        others = [
            abs(change.change_sd)
            for change in message.changes
            if (change.predictor, change.scorer) not in own
        ]
        if others:
            message.attribute_dependency_mean = float(np.mean(others))
            message.attribute_dependency_max = max(others)


def _within(seconds: float, stop: Stop) -> Stop:
    """`stop`, which ends the search once it has lasted for so long; 0 is for ever."""
    end = monotonic() + seconds

    def stop_in_time() -> None:
        stop()
        if seconds and monotonic() > end:
            raise Spent(f"the {seconds:g} s that it may last were over")

    return stop_in_time


def _spread(renderer: Renderer) -> np.ndarray:
    space = renderer.generator.spaces[0]
    scores = renderer.score(renderer.sample(SPREAD_SEED, 0, SPREAD_SAMPLES, space))
    deviations = scores.astype(np.float64).std(0)
    return np.where(deviations > 0, deviations, 1.0)


async def _unhurried(
    events: asyncio.Queue[Progress | None],
) -> AsyncGenerator[service.ExplanationProgress, None]:
    """Events until None as messages, but the last one leaving out those that come sooner than
    PAUSE after one."""
    seen: np.ndarray | None = None
    left: Progress | None = None
    sent = -PAUSE
    while (event := await events.get()) is not None:
        left = event
        if monotonic() - sent >= PAUSE:
            yield _progress(event, seen)
            seen, left, sent = event.image, None, monotonic()
    if left is not None:
        yield _progress(left, seen)


def _progress(event: Progress, seen: np.ndarray | None) -> service.ExplanationProgress:
    """seen: the picture of the message before."""
    message = service.ExplanationProgress(
        images=event.images,
        margin=event.margin,
        probability=event.probability,
        reached=event.holds,
    )
    if event.image is not seen:
        message.image.CopyFrom(encode_image(event.image, values_pb2.ENCODING_RAW))
    return message


def _holds(
    asked: service.ExplainImageRequest, renderer: Renderer, scales: np.ndarray | None
) -> tuple[Hold, ...]:
    """Raises InvalidField for scorers that there are not."""
    if scales is None:
        return ()
    columns = _columns(renderer)
    held = []
    for place, hold in enumerate(asked.hold):
        own = [name for predictor, name in columns if predictor == hold.predictor]
        if hold.scorer and hold.scorer not in own:
            raise InvalidField(
                f"hold[{place}]: the predictor has no scorer {hold.scorer!r}: it has "
                f"{', '.join(own[:50])}",
                field=f"hold[{place}].scorer",
            )
        for name in [hold.scorer] if hold.scorer else own:
            at = columns.index((hold.predictor, name))
            held.append(Hold(at, float(scales[at]), hold.tolerance_sd or TOLERANCE_SD))
    return tuple(held)


def _columns(renderer: Renderer) -> list[tuple[str, str]]:
    """Predictor's digest and scorer of every column of the renderer's scores."""
    return [(each.card.digest, name) for each in renderer.predictors for name in each.scorers]


def _question(
    asked: service.ExplainImageRequest, recipe: Recipe, hold: tuple[Hold, ...]
) -> Question:
    region = asked.HasField("region")
    return Question(
        recipe=recipe,
        finding_set=asked.finding_set,
        target=asked.target,
        target_probability=asked.target_probability,
        max_alpha=asked.max_alpha or MAX_ALPHA,
        allowed=tuple(asked.allowed),
        budget=asked.budget or BUDGET,
        hold=hold,
        frozen=tuple(asked.frozen),
        mask=tensor_from_proto(asked.region, "region", axes=2) if region else None,
    )
