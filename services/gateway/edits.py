"""Edits: recipes to pictures and scores, one at a time, as a stream, as a film."""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from dataclasses import dataclass
from functools import partial

from directrix.archive import sha256
from directrix.v1 import editing_service_pb2 as pb
from directrix.v1 import values_pb2
from services.gateway.deadlines import EDIT_SECONDS
from services.gateway.holding import Holding
from services.gateway.latest import Latest
from services.gateway.lookups import GeneratorEntry, Lookups, PredictorEntry
from services.gateway.pictures import Pictures, scores
from services.gateway.recipes import Recipes, Resolved
from services.gateway.renders import HEAVY_BYTES, Rendered, RenderKey, Renders
from services.sight import tracing
from services.sight.metrics import EDIT_STAGE, timed
from services.trail.entry import Entry, Trail


@dataclass(frozen=True)
class Edits:
    """Everything that goes through the batcher."""

    lookups: Lookups
    recipes: Recipes
    renders: Renders
    pictures: Pictures
    trail: Trail
    holding: Holding

    async def edit(
        self,
        request: pb.EditImageRequest,
        deadline: float,
        form: "values_pb2.Form.ValueType" = values_pb2.FORM_RESULT,
        path: str = "",
    ) -> pb.EditImageResponse:
        """One recipe; `form` is what an unset form means, `path` where the request stands."""
        with self.trail.act("edit", request, self.lookups.names.project) as entry:
            with timed(EDIT_STAGE, stage="resolve"):
                resolved = await self.recipes.resolve(request.recipe, f"{path}recipe")
                predictors = await self._predictors(request.predictors, resolved.generator, path)
            key = self._key(resolved, predictors, request.form or form)
            entry.set(generator=key.generator, predictors=list(key.predictors))
            with tracing.span("render", generator=key.generator):
                rendered = await self._render(key, resolved.recipe, deadline)
            answer = pb.EditImageResponse(
                image=await self._picture(rendered, request.encoding),
                scores=scores(rendered.scores, predictors),
                alphas=[move.alpha for move in resolved.recipe.moves],
            )
            entry.set(
                recipe=sha256(resolved.recipe.SerializeToString(deterministic=True)),
                image=answer.image.digest,
                scores=[dict(each.values) for each in answer.scores],
            )
            return answer

    async def stream(
        self, requests: AsyncIterator[pb.StreamEditsRequest], deadline: float
    ) -> AsyncGenerator[pb.StreamEditsResponse, None]:
        """Answers the newest request there is; the last one sent is always answered."""
        latest = Latest(requests)
        try:
            while (taken := await latest.take()) is not None:
                request, dropped = taken
                until = min(deadline, time.monotonic() + EDIT_SECONDS)
                edit = await self.edit(request.edit, until, values_pb2.FORM_PREVIEW, "edit.")
                yield pb.StreamEditsResponse(sequence=request.sequence, edit=edit, dropped=dropped)
        finally:
            await latest.close()

    async def film(
        self, request: pb.RenderFilmstripRequest, deadline: float
    ) -> pb.RenderFilmstripResponse:
        """The recipe with one more move, once for each strength."""
        with self.trail.act("edit", request, self.lookups.names.project) as entry:
            answer = await self._film(request, deadline, entry)
            entry.set(images=[frame.image.digest for frame in answer.frames])
            return answer

    async def _film(
        self, request: pb.RenderFilmstripRequest, deadline: float, entry: Entry
    ) -> pb.RenderFilmstripResponse:
        resolved = await self.recipes.resolve(request.recipe)
        predictors = await self._predictors(request.predictors, resolved.generator)
        finding = values_pb2.FindingRef()
        finding.CopyFrom(request.finding)
        await self.recipes.resolve_finding(finding, resolved.generator, {}, "finding")
        key = self._key(resolved, predictors, values_pb2.FORM_RESULT)
        entry.set(generator=key.generator, predictors=list(key.predictors))
        recipes = [_moved(resolved.recipe, finding, alpha) for alpha in request.alphas]
        frames = await self._all(key, recipes, deadline)
        return pb.RenderFilmstripResponse(
            frames=[
                pb.Frame(
                    alpha=alpha,
                    image=await self._picture(frame, request.encoding),
                    scores=scores(frame.scores, predictors),
                )
                for alpha, frame in zip(request.alphas, frames, strict=True)
            ]
        )

    async def _all(
        self, key: RenderKey, recipes: Sequence[values_pb2.Recipe], deadline: float
    ) -> list[Rendered]:
        tasks = [asyncio.create_task(self._render(key, recipe, deadline)) for recipe in recipes]
        try:
            return await asyncio.gather(*tasks)
        finally:
            for task in tasks:  # after an error nobody wants the others
                task.cancel()

    async def _render(self, key: RenderKey, recipe: values_pb2.Recipe, deadline: float) -> Rendered:
        submit = partial(self.renders.submit, key, recipe, deadline)
        hold = self.holding.answer if key.searches else self.holding.prompt
        return await hold(submit, deadline)

    async def _predictors(
        self, names: Sequence[str], generator: GeneratorEntry, path: str = ""
    ) -> list[PredictorEntry]:
        image = generator.card.image
        return [
            await self.lookups.predictor(name, f"{path}predictors[{i}]", image)
            for i, name in enumerate(names)
        ]

    def _key(
        self,
        resolved: Resolved,
        predictors: Sequence[PredictorEntry],
        form: "values_pb2.Form.ValueType",
    ) -> RenderKey:
        image = resolved.generator.card.image
        return RenderKey(
            project=self.lookups.names.project,
            generator=resolved.generator.digest,
            predictors=tuple(predictor.digest for predictor in predictors),
            form=form,
            searches=resolved.recipe.HasField("image"),
            heavy=resolved.recipe.ByteSize() > HEAVY_BYTES,
            pixels=image.height * image.width * image.channels,
        )

    async def _picture(self, rendered: Rendered, encoding: int) -> values_pb2.Image:
        with timed(EDIT_STAGE, stage="encode"):
            return await self.pictures.encode(rendered.pixels, rendered.size, encoding)


def _moved(
    recipe: values_pb2.Recipe, finding: values_pb2.FindingRef, alpha: float
) -> values_pb2.Recipe:
    moved = values_pb2.Recipe()
    moved.CopyFrom(recipe)
    moved.moves.add(finding=finding, alpha=alpha)
    return moved
