"""Explanations: the library's search, with its models found and its answer written as a message."""

import asyncio
from dataclasses import replace

from directrix import counterfactuals
from directrix.counterfactuals import Question
from directrix.inference.v1 import inference_service_pb2 as pb
from directrix.types import Recipe
from directrix.v1 import explanation_service_pb2
from directrix.wire.counterfactuals import counterfactual_to_proto
from services.serving.inversions import Inversions
from services.serving.long_work import LongWork
from services.serving.models import Models

MAX_ALPHA = 6.0
BUDGET = 2000


class Explaining:
    """Searches run beside the model thread and give way to it between their steps."""

    def __init__(self, models: Models, inversions: Inversions, long_work: LongWork):
        self._models = models
        self._inversions = inversions
        self._long_work = long_work

    async def explain(self, request: pb.ExplainRequest) -> pb.ExplainResponse:
        """Raises whatever is wrong with the request; "not found" is an answer."""
        asked = request.request
        renderer = await self._models.get_renderer(asked.recipe.generator, (asked.classifier,))
        oracle = None
        if asked.oracle:
            oracle = await asyncio.to_thread(self._models.predictor, asked.oracle)
        recipe, source = await self._inversions.recipe(renderer, asked.recipe)
        await self._models.fetch_findings({*recipe.finding_sets(), asked.finding_set})
        question = _question(asked, recipe)
        found = await self._long_work.run(
            lambda stop: counterfactuals.explain(question, renderer, oracle, stop)
        )
        if source is not None:
            before, after = (
                await self._long_work.run(lambda stop: source.judged(renderer))
            ).argmax(1)
            found = replace(
                found,
                reconstruction_error=source.inverted.error,
                reconstruction_label_kept=bool(before == after),
            )
        moved = replace(recipe, moves=found.moves)
        return pb.ExplainResponse(response=counterfactual_to_proto(found, moved))


def _question(asked: explanation_service_pb2.ExplainImageRequest, recipe: Recipe) -> Question:
    return Question(
        recipe=recipe,
        finding_set=asked.finding_set,
        target=asked.target,
        target_probability=asked.target_probability,
        max_alpha=asked.max_alpha or MAX_ALPHA,
        allowed=tuple(asked.allowed),
        budget=asked.budget or BUDGET,
    )
