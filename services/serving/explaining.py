"""Explanations: the library's search, with its models found and its answer written as a message."""

import asyncio
from dataclasses import dataclass, replace

import numpy as np

from directrix import counterfactuals
from directrix.counterfactuals import EXPLAINERS, Hold, Question
from directrix.errors import InvalidField
from directrix.inference.v1 import inference_service_pb2 as pb
from directrix.rendering import Renderer
from directrix.types import Counterfactual, Recipe, Status
from directrix.v1 import explanation_service_pb2 as service
from directrix.wire.counterfactuals import counterfactual_to_proto
from directrix.wire.tensors import tensor_from_proto
from services.serving.inversions import Inversions
from services.serving.long_work import LongWork
from services.serving.models import Models, Recent

MAX_ALPHA = 6.0
BUDGET = 2000
TOLERANCE_SD = 0.5
SPREAD_SEED, SPREAD_SAMPLES = 2**61, 256
"""Of the population that tells the SDs of what is held."""
SPREADS = 64
"""SDs that are kept."""


class Explaining:
    """Searches run beside the model thread and give way to it between their steps."""

    def __init__(self, models: Models, inversions: Inversions, long_work: LongWork):
        self._models = models
        self._inversions = inversions
        self._long_work = long_work
        self._spreads: Recent[tuple[str, ...], np.ndarray] = Recent(SPREADS)

    async def explain(self, request: pb.ExplainRequest) -> pb.ExplainResponse:
        """Raises whatever is wrong with the request; "not found" is an answer."""
        asked = request.request
        holders = tuple(dict.fromkeys(h.predictor for h in asked.hold))
        scorers = (asked.classifier, *(h for h in holders if h != asked.classifier))
        renderer = await self._models.get_renderer(asked.recipe.generator, scorers)
        oracle = None
        if asked.oracle:
            oracle = await asyncio.to_thread(self._models.predictor, asked.oracle)
        recipe, source = await self._inversions.recipe(renderer, asked.recipe)
        await self._models.fetch_findings({*recipe.finding_sets(), asked.finding_set})
        scales = await self._deviations(renderer, scorers) if holders else None
        question = _question(asked, recipe, _holds(asked, renderer, scales))
        found = await self._long_work.run(
            lambda stop: counterfactuals.explain_variously(
                question, renderer, asked.alternatives, oracle, stop, _explainer(asked)
            )
        )
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
        writer = _Writer(renderer, recipe, len(holders), scales)
        return pb.ExplainResponse(response=writer.write(found))

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
    recipe: Recipe
    holders: int
    scales: np.ndarray | None

    def write(self, found: list[Counterfactual]) -> service.ExplainImageResponse:
        first, *others = (self._one(each) for each in found)
        for other in others:
            other.ClearField("original")
            first.alternatives.append(other)
        return first

    def _one(self, found: Counterfactual) -> service.ExplainImageResponse:
        message = counterfactual_to_proto(found, replace(self.recipe, moves=found.moves))
        if self.scales is None or found.status is Status.ALREADY_TARGET:
            return message
        column = 0
        for place, predictor in enumerate(self.renderer.predictors):
            for scorer in predictor.scorers:
                before, after = found.scores_before[column], found.scores_after[column]
                if place >= len(self.renderer.predictors) - self.holders:
                    message.changes.add(
                        predictor=predictor.card.digest,
                        scorer=scorer,
                        before=before,
                        after=after,
                        change_sd=(float(after) - float(before)) / self.scales[column],
                    )
                column += 1
        return message


def _spread(renderer: Renderer) -> np.ndarray:
    space = renderer.generator.spaces[0]
    scores = renderer.score(renderer.sample(SPREAD_SEED, 0, SPREAD_SAMPLES, space))
    deviations = scores.astype(np.float64).std(0)
    return np.where(deviations > 0, deviations, 1.0)


def _explainer(asked: service.ExplainImageRequest) -> counterfactuals.Explainer:
    return EXPLAINERS[asked.explainer or counterfactuals.DEFAULT]


def _holds(
    asked: service.ExplainImageRequest, renderer: Renderer, scales: np.ndarray | None
) -> tuple[Hold, ...]:
    """Raises InvalidField for scorers that there are not."""
    if scales is None:
        return ()
    first: dict[str, int] = {}
    column = 0
    for predictor in renderer.predictors:
        first[predictor.card.digest] = column
        column += len(predictor.scorers)
    held = []
    known = {predictor.card.digest: predictor.scorers for predictor in renderer.predictors}
    for place, hold in enumerate(asked.hold):
        names = known[hold.predictor]
        if hold.scorer and hold.scorer not in names:
            raise InvalidField(
                f"hold[{place}]: the predictor has no scorer {hold.scorer!r}: it has "
                f"{', '.join(names[:50])}",
                field=f"hold[{place}].scorer",
            )
        for name in [hold.scorer] if hold.scorer else names:
            at = first[hold.predictor] + names.index(name)
            held.append(Hold(at, float(scales[at]), hold.tolerance_sd or TOLERANCE_SD))
    return tuple(held)


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
        mask=tensor_from_proto(asked.region, "region", axes=2) if region else None,
    )
