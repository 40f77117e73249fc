"""Explanations: names become digests on the way in, and names again on the way out."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass

from directrix.errors import (
    Internal,
    InvalidField,
    PredictorMismatch,
    ScorecardNotFound,
    ServingUnavailable,
)
from directrix.inference.v1 import inference_service_pb2 as internal
from directrix.types import ImageCard, Scorecard
from directrix.v1 import explanation_service_pb2 as pb
from directrix.v1 import values_pb2
from directrix.wire.recipes import rename
from services.gateway.deadlines import seconds_to
from services.gateway.holding import PASSING, Holding
from services.gateway.lookups import FindingSetEntry, Lookups, PredictorEntry
from services.gateway.pictures import Pictures
from services.gateway.places import Places
from services.gateway.recipes import Recipes
from services.gateway.renders import inside
from services.gateway.sentences import sentence
from services.inference.client import InferenceClient
from services.sight.metrics import EXPLAIN_FLIP
from services.trail.entry import Entry, Trail, Value


@dataclass(frozen=True)
class Explanations:
    lookups: Lookups
    recipes: Recipes
    pictures: Pictures
    client: InferenceClient
    trail: Trail
    places: Places
    holding: Holding

    async def explain(
        self, request: pb.ExplainImageRequest, deadline: float
    ) -> pb.ExplainImageResponse:
        """ "Not found" is an answer like any other. Raises what the look-ups raise."""
        async with aclosing(self.stream(request, deadline)) as events:
            async for event in events:
                if event.HasField("answer"):
                    return event.answer
        raise Internal("a replica ended an explanation without an answer")

    async def stream(
        self, request: pb.ExplainImageRequest, deadline: float
    ) -> AsyncGenerator[pb.StreamExplanationResponse, None]:
        """Progress, then the answer. Raises what the look-ups raise."""
        with self.trail.act("explain", request, self.lookups.names.project) as entry:
            entry.set(outcome="not answered")
            async with aclosing(self._stream(request, deadline, entry)) as events:
                async for event in events:
                    yield event

    async def _stream(
        self, request: pb.ExplainImageRequest, deadline: float, entry: Entry
    ) -> AsyncGenerator[pb.StreamExplanationResponse, None]:
        resolved = await self.recipes.resolve(request.recipe)
        generator = resolved.generator
        image = generator.card.image
        classifier = await self.lookups.predictor(request.classifier, "classifier", image)
        _check_target(request.target, classifier)
        findings = None
        if request.finding_set:
            findings = await self.recipes.finding_set(request.finding_set, generator, "finding_set")
            _check_allowed(request, findings)
        inner = pb.ExplainImageRequest()
        inner.CopyFrom(request)
        inner.recipe.CopyFrom(resolved.recipe)
        inner.classifier = classifier.digest
        inner.finding_set = findings.digest if findings else ""
        if request.oracle:
            oracle = await self.lookups.predictor(request.oracle, "oracle", image)
            _check_target(request.target, oracle, "oracle")
            inner.oracle = oracle.digest
        holders = await self._holders(request, image)
        for hold, holder in zip(inner.hold, holders, strict=True):
            hold.predictor = holder.digest
        entry.set(
            generator=generator.digest,
            predictors=[inner.classifier, inner.oracle] if inner.oracle else [inner.classifier],
            finding_set=inner.finding_set,
        )
        names = {**resolved.names, **({findings.digest: findings.name} if findings else {})}
        names |= {holder.digest: holder.name for holder in holders}
        card = await self._scorecard(findings) if findings else None
        wanted = internal.ExplainRequest(request=inner, project=self.lookups.names.project)
        held = self._held(wanted, deadline)
        async with self.places.taken(deadline), aclosing(held) as answers:
            async for answer in answers:
                if answer.HasField("progress"):
                    progress = await self._progress(answer.progress, request.encoding)
                    yield pb.StreamExplanationResponse(progress=progress)
                    continue
                EXPLAIN_FLIP.labels(outcome_of(answer.response)).inc()
                for response in (answer.response, *answer.response.alternatives):
                    response.sentence = sentence(response, card)
                    await self._outside(response, names, request.encoding)
                entry.set(**_told(answer.response))
                yield pb.StreamExplanationResponse(answer=answer.response)

    async def _held(
        self, wanted: internal.ExplainRequest, deadline: float
    ) -> AsyncGenerator[internal.ExplainResponse, None]:
        """What a replica says, from the beginning again where it went away before its answer."""
        hold, answered = self.holding.begin(deadline), False
        while not answered:
            try:
                calls = self.client.explain(wanted, seconds_to(deadline))
                async with aclosing(calls) as answers:
                    while (answer := await inside(anext(answers, None))) is not None:
                        answered |= answer.HasField("response")
                        yield answer
                if not answered:
                    raise ServingUnavailable("a replica ended an explanation without an answer")
            except PASSING as error:
                if not answered:
                    await hold.wait(error)

    async def _progress(
        self, progress: pb.ExplanationProgress, encoding: int
    ) -> pb.ExplanationProgress:
        if progress.HasField("image"):
            progress.image.CopyFrom(await self._encoded(progress.image, encoding))
        return progress

    async def _holders(
        self, request: pb.ExplainImageRequest, image: ImageCard
    ) -> list[PredictorEntry]:
        """Of every hold. Raises InvalidField for a scorer that it does not have."""
        found = []
        for i, hold in enumerate(request.hold):
            entry = await self.lookups.predictor(hold.predictor, f"hold[{i}].predictor", image)
            if hold.scorer and hold.scorer not in entry.scorers:
                known = ", ".join(entry.scorers[:50])
                raise InvalidField(
                    f"hold[{i}]: {entry.name} has no scorer of that name: it has {known}",
                    field=f"hold[{i}].scorer",
                )
            found.append(entry)
        return found

    async def _scorecard(self, findings: FindingSetEntry) -> Scorecard | None:
        try:
            return await self.lookups.call(self.lookups.catalogue.scorecard, findings.digest)
        except ScorecardNotFound:
            return None

    async def _outside(
        self, response: pb.ExplainImageResponse, names: dict[str, str], encoding: int
    ) -> None:
        """Encodes pictures and writes names for digests, in place."""
        for field in ("original", "image", "difference"):
            if response.HasField(field):
                raw = getattr(response, field)
                raw.CopyFrom(await self._encoded(raw, encoding))
        if response.HasField("recipe"):
            response.recipe.CopyFrom(rename(response.recipe, lambda digest: names[digest]))
        for change in response.changes:
            change.predictor = names[change.predictor]

    async def _encoded(self, image: values_pb2.Image, encoding: int) -> values_pb2.Image:
        size = (image.height, image.width, image.channels)
        return await self.pictures.encode(image.data, size, encoding)


def _told(response: pb.ExplainImageResponse) -> dict[str, Value]:
    """What the trail keeps of an answer."""
    return {
        "outcome": outcome_of(response),
        "source_class": response.source_class,
        "target_class": response.target_class,
        "probability_before": response.probability_before,
        "probability_after": response.probability_after,
        "original": response.original.digest,
        "image": response.image.digest,
    }


def outcome_of(response: pb.ExplainImageResponse) -> str:
    """One of found, not_found, already_target."""
    name = pb.ExplainImageResponse.Status.Name(response.status)
    return name.removeprefix("STATUS_").lower()


def _check_target(target: str, predictor: PredictorEntry, field: str = "classifier") -> None:
    if predictor.card.task != "classifier":
        raise PredictorMismatch(f"{predictor.name} is no classifier", predictor=predictor.name)
    if target and target not in predictor.scorers:
        known = ", ".join(predictor.scorers[:50])
        raise InvalidField(f"the {field} has no class of that name: it has {known}", field="target")


def _check_allowed(request: pb.ExplainImageRequest, findings: FindingSetEntry) -> None:
    for field in ("allowed", "frozen"):
        for i, index in enumerate(getattr(request, field)):
            if index >= findings.count:
                raise InvalidField(
                    f"{field}[{i}]: {findings.name} has {findings.count} findings, counted from 0",
                    field=f"{field}[{i}]",
                )
