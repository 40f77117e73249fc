"""AsyncClient: Directrix from asyncio. The same dialogues as `Client`, awaited; plus streams."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterable, AsyncIterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Unpack

from directrix.client.client import TARGET
from directrix.client.dialogues import audits, discovery, editing, explanation, findings, models
from directrix.client.dialogues.audits import AuditFields
from directrix.client.dialogues.explanation import ExplanationFields
from directrix.client.dialogues.recipes import RecipeFields, image_source, recipe
from directrix.client.names import Names
from directrix.client.operation import AsyncOperationHandle
from directrix.client.slider import Slider
from directrix.client.steps import Call, Observed
from directrix.client.transports import AnyCredentials, AsyncTransport
from directrix.client.values import (
    Audited,
    Discovery,
    Edited,
    Estimate,
    Explanation,
    ExplanationProgress,
    Filmstrip,
    Inversion,
    Job,
    Method,
    Model,
    Priority,
    StoredAudit,
    StoredFindings,
    StreamedEdit,
    TrainedEncoder,
)
from directrix.v1 import editing_service_pb2 as pb
from directrix.v1.explanation_service_pb2 import ExplainImageRequest
from directrix.v1.values_pb2 import Recipe

if TYPE_CHECKING:
    from directrix.types import AuditRecord, Comparison, FindingSet, Latent, Scorecard


class AsyncClient:
    """As `Client`, with the same methods and arguments, awaited. Made inside a running loop."""

    def __init__(
        self,
        target: str = TARGET,
        project: str = "default",
        timeout: float | None = None,
        credentials: AnyCredentials = None,
    ):
        self._transport = AsyncTransport(target, timeout, credentials)
        self._names = Names(project)

    async def close(self) -> None:
        await self._transport.close()

    async def __aenter__(self) -> AsyncClient:
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.close()

    async def observe(self, call: Call) -> Observed:
        """One call as it is, timed and with its metadata, for diagnosis."""
        return await self._transport.observe(call)

    async def models(self) -> list[Model]:
        return await self._transport.run(models.models(self._names))

    async def model(self, name: str) -> Model:
        return await self._transport.run(models.get(self._names, name))

    async def register_model(self, model_id: str, card_json: str, tensors: bytes) -> Model:
        """tensors: a safetensors file. The same model twice is the same resource."""
        return await self._transport.run(models.register(self._names, model_id, card_json, tensors))

    async def train_encoder(
        self,
        generator: str,
        model_id: str,
        space: str = "",
        embedder: str = "",
        steps: int = 0,
        seed: int = 0,
        request_id: str | None = None,
        budget: Mapping[str, float] | None = None,
        priority: Priority = "normal",
    ) -> AsyncOperationHandle[TrainedEncoder]:
        """Starts training an encoder of a generator; 0 steps leave the number to the service.

        request_id, budget, priority: as of `discover`.
        """
        started = models.train_encoder(
            self._names,
            generator,
            model_id,
            space,
            embedder,
            steps,
            seed,
            request_id or str(uuid.uuid4()),
            budget,
            priority,
        )
        return self.operation(await self._transport.run(started))

    async def estimate_encoder(
        self,
        generator: str,
        model_id: str,
        space: str = "",
        embedder: str = "",
        steps: int = 0,
    ) -> Estimate | None:
        """What `train_encoder` will cost, as `estimate` tells it."""
        told = models.foresee(self._names, generator, model_id, space, embedder, steps)
        return await self._transport.run(told)

    async def methods(self) -> list[Method]:
        return await self._transport.run(discovery.methods(self._names))

    async def discover(
        self,
        generator: str,
        method: str,
        predictors: Sequence[str] = (),
        parameters: Mapping[str, Any] | None = None,
        seed: int = 0,
        samples: int | None = None,
        request_id: str | None = None,
        judges: Sequence[str] = (),
        budget: Mapping[str, float] | None = None,
        priority: Priority = "normal",
    ) -> AsyncOperationHandle[Discovery]:
        """Starts a discovery. samples: of the population; None leaves it to the service.

        request_id: a UUID; the same one with the same request is the same operation. Without one
        a new one is drawn, so that a call that was sent again starts one discovery only. judges:
        predictors that the method does not see and the scorecard is made with. budget: "seconds"
        of workers' time, "images", "memory_mb" of a worker's process, that the job may spend at
        most; a job that needs more fails with BUDGET_EXCEEDED. priority: among the project's jobs.
        """
        started = discovery.discover(
            self._names,
            generator,
            method,
            predictors,
            parameters or {},
            seed,
            samples,
            request_id or str(uuid.uuid4()),
            judges,
            budget,
            priority,
        )
        return self.operation((await self._transport.run(started)).name)

    async def estimate(
        self,
        generator: str,
        method: str,
        predictors: Sequence[str] = (),
        parameters: Mapping[str, Any] | None = None,
        samples: int | None = None,
        judges: Sequence[str] = (),
    ) -> Estimate | None:
        """What such a discovery will cost; nothing is started. None where none has succeeded yet.

        It is checked as `discover` checks it, with the same errors.
        """
        told = discovery.foresee(
            self._names, generator, method, predictors, parameters or {}, samples, judges
        )
        return await self._transport.run(told)

    def operation(self, name: str) -> AsyncOperationHandle[Any]:
        """A handle of an operation that was started before, perhaps elsewhere."""
        return AsyncOperationHandle(self._transport, self._names, name)

    async def jobs(self) -> list[Job]:
        return await self._transport.run(discovery.jobs(self._names))

    async def finding_sets(self) -> list[StoredFindings]:
        """Without arrays."""
        return await self._transport.run(findings.finding_sets(self._names))

    async def finding_set(self, name: str, full: bool = True) -> StoredFindings:
        return await self._transport.run(findings.get(self._names, name, full))

    async def create_finding_set(self, value: FindingSet) -> StoredFindings:
        """Stores findings made elsewhere. The same findings twice are the same resource."""
        return await self._transport.run(findings.create(self._names, value))

    async def scorecard(self, name: str) -> Scorecard:
        """The latest scorecard of a finding set; its `finding_set` is the set's id."""
        return await self._transport.run(findings.scorecard(self._names, name))

    async def compare(self, *finding_sets: str) -> Comparison:
        """Finding sets of one generator, judged alike, beside one another."""
        return await self._transport.run(findings.compare(self._names, finding_sets))

    def recipe(self, generator: str, **fields: Unpack[RecipeFields]) -> Recipe:
        """A recipe as a message; no call is made. Raises ValueError."""
        return recipe(self._names, generator, fields)

    async def edit(
        self,
        recipe: Recipe | str,
        predictors: Sequence[str] = (),
        encoding: str = "png",
        form: str = "",
        **fields: Unpack[RecipeFields],
    ) -> Edited:
        """Renders a recipe: a message, or a generator's name and the recipe's fields."""
        message = self._recipe(recipe, fields)
        request = editing.edit_request(self._names, message, predictors, encoding, form)
        return await self._transport.run(editing.edit(request))

    async def stream_edits(
        self,
        recipes: AsyncIterable[Recipe],
        predictors: Sequence[str] = (),
        encoding: str = "png",
        form: str = "",
    ) -> AsyncIterator[StreamedEdit]:
        """Renders recipes as they come; those overtaken by newer ones are dropped, and counted.

        Goes on where a gateway is replaced by another one.
        """

        def request(sequence: int, each: Recipe) -> pb.StreamEditsRequest:
            edit = editing.edit_request(self._names, each, predictors, encoding, form)
            return pb.StreamEditsRequest(sequence=sequence, edit=edit)

        async for each, answer in Slider(request).answers(self._transport, recipes):
            edited = editing.edited(answer.edit, each)
            yield StreamedEdit(answer.sequence, edited, answer.dropped)

    async def filmstrip(
        self,
        recipe: Recipe | str,
        finding: tuple[str, int],
        alphas: Sequence[float] = (-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0),
        predictors: Sequence[str] = (),
        encoding: str = "png",
        **fields: Unpack[RecipeFields],
    ) -> Filmstrip:
        """A recipe at several strengths of one finding: (finding set, index)."""
        message = self._recipe(recipe, fields)
        return await self._transport.run(
            editing.filmstrip(self._names, message, finding, alphas, predictors, encoding)
        )

    async def sample_latents(
        self,
        generator: str,
        seed: int,
        count: int,
        start: int = 0,
        space: str = "z",
        truncation: float | None = None,
    ) -> Latent:
        """Samples start .. start + count of a seeded population, as one batch."""
        return await self._transport.run(
            editing.sample(self._names, generator, seed, count, start, space, truncation)
        )

    async def invert(
        self,
        generator: str,
        image: bytes,
        space: str = "",
        steps: int = 0,
        encoder: str = "",
        encoder_only: bool = False,
        embedder: str = "",
        optimise_noise: bool = False,
        classifiers: Sequence[str] = (),
    ) -> Inversion:
        """The latent of a picture: PNG, JPEG or WebP of the generator's size.

        encoder: says where the search starts, or, with encoder_only, the latent itself. embedder: a
        predictor whose perceptual distance is minimised too. classifiers: asked whether they still
        say the same.
        """
        source = image_source(
            self._names, image, space, steps, encoder, encoder_only, embedder, optimise_noise
        )
        return await self._transport.run(
            editing.invert(self._names, generator, source, classifiers)
        )

    async def explain(
        self,
        recipe: Recipe | str,
        classifier: str,
        finding_set: str = "",
        **fields: Unpack[ExplanationFields],
    ) -> Explanation:
        """The smallest movement that flips the classifier: of findings, or of the latent itself."""
        request = self._question(recipe, classifier, finding_set, fields)
        return await self._transport.run(explanation.explain(request))

    async def stream_explanation(
        self,
        recipe: Recipe | str,
        classifier: str,
        finding_set: str = "",
        **fields: Unpack[ExplanationFields],
    ) -> AsyncIterator[ExplanationProgress | Explanation]:
        """As `explain`, telling how near the search is; the answer comes last."""
        request = self._question(recipe, classifier, finding_set, fields)
        async for message in self._transport.listen(explanation.listening(request)):
            yield explanation.event(message)

    async def audit_classifier(
        self,
        generator: str,
        classifier: str,
        finding_sets: Sequence[str],
        **fields: Unpack[AuditFields],
    ) -> AsyncOperationHandle[Audited]:
        """Starts an audit of a classifier: what its answers rest on, along these findings."""
        started = audits.start(self._names, generator, classifier, finding_sets, fields)
        return self.operation(await self._transport.run(started))

    async def estimate_audit(
        self,
        generator: str,
        classifier: str,
        finding_sets: Sequence[str],
        **fields: Unpack[AuditFields],
    ) -> Estimate | None:
        """What such an audit will cost, as `estimate` tells it."""
        told = audits.foresee(self._names, generator, classifier, finding_sets, fields)
        return await self._transport.run(told)

    async def audits(self) -> list[StoredAudit]:
        """Without their tables."""
        return await self._transport.run(audits.audits(self._names))

    async def audit(self, name: str) -> StoredAudit:
        """What an audit found, in short; `audit_record` has all of it."""
        return await self._transport.run(audits.get(self._names, name))

    async def audit_record(self, name: str) -> AuditRecord:
        """Everything: specification, digests and all tables."""
        from directrix.types import AuditRecord

        return AuditRecord.model_validate_json(await self.audit_document(name, "json"))

    async def audit_document(self, name: str, form: str = "html") -> bytes:
        """A document of an audit: "json", "csv", or "html", the report."""
        call = audits.downloading(self._names, name, form)
        return b"".join([piece.data async for piece in self._transport.listen(call)])

    def _question(
        self, given: Recipe | str, classifier: str, finding_set: str, fields: ExplanationFields
    ) -> ExplainImageRequest:
        made = self._recipe(given, explanation.recipe_fields(fields))
        return explanation.request_of(self._names, made, classifier, finding_set, fields)

    def _recipe(self, given: Recipe | str, fields: RecipeFields) -> Recipe:
        if isinstance(given, str):
            return recipe(self._names, given, fields)
        if fields:
            raise ValueError(f"a whole recipe leaves no room for {', '.join(fields)}")
        return given
