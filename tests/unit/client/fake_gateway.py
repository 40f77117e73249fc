"""A small gateway for tests of client, command line and demo: the public RPCs over real gRPC.

A "latent" is one number: sample i starts at i % 10, a move adds its alpha. The picture is a bright
bar whose column follows the number (mod 10), class k's logit is minus the distance to k: what a
test asks for is known by hand. Discoveries advance by one unit each time somebody asks for them.
"""

import json
import threading
import uuid

import numpy as np
from google.longrunning import operations_pb2
from google.protobuf import empty_pb2
from google.rpc import code_pb2

from directrix import archive
from directrix.comparison import Candidate, compare
from directrix.v1 import (
    audit_service_pb2,
    discovery_service_pb2,
    editing_service_pb2,
    explanation_service_pb2,
    finding_service_pb2,
    jobs_pb2,
    model_service_pb2,
    values_pb2,
)
from directrix.wire.comparisons import comparison_to_proto
from directrix.wire.differences import difference
from directrix.wire.findings import provenance_from_proto
from directrix.wire.images import encode_image
from directrix.wire.scorecards import scorecard_from_proto, scorecard_to_proto
from directrix.wire.tensors import tensor_to_proto
from tests.unit.client.fake_audits import AUDIT, audit_document, audit_message
from tests.unit.client.fake_refusals import Refusal, invalid, not_found
from tests.unit.client.fake_values import (
    CLASSES,
    GENERATOR_DIGEST,
    basic,
    draw,
    made_by,
    position,
    scorecard,
    scores_of,
)

METHODS = ("interfacegan", "intervention", "sefa")
UNITS = 3
"""How often a discovery is asked for before it is done."""
ESTIMATE = jobs_pb2.JobEstimate(
    seconds=60, seconds_low=50, seconds_high=70, images=4096, memory_mb=512, jobs=1
)

State = discovery_service_pb2.DiscoverFindingsMetadata


class FakeGateway:
    """All public services over one memory."""

    def __init__(self, methods: tuple[str, ...] = METHODS):
        self.methods = methods
        self.models: dict[str, model_service_pb2.Model] = {}
        self.sets: dict[str, finding_service_pb2.FindingSet] = {}
        self.scorecards: dict[str, finding_service_pb2.Scorecard] = {}
        self.operations: dict[str, operations_pb2.Operation] = {}
        self.metadata: dict[str, State] = {}
        self.by_request_id: dict[str, str] = {}
        self.calls: list[str] = []
        self.audited: list[explanation_service_pb2.AuditClassifierRequest] = []
        self.failures: list[int] = []
        """Status codes that the next calls end with."""
        self.breaks: list[int] = []
        """After how many answers the next streams break off."""
        self.lock = threading.RLock()

    def CreateModel(self, request):
        name = f"{request.parent}/models/{request.model_id}"
        card = json.loads(request.card_json)
        digest = archive.sha256(request.tensors + request.card_json.encode())
        kinds = model_service_pb2.Model
        kind = kinds.KIND_GENERATOR if card["kind"] == "generator" else kinds.KIND_PREDICTOR
        model = model_service_pb2.Model(
            name=name, digest=digest, kind=kind, card_json=request.card_json
        )
        return self.models.setdefault(name, model)

    def GetModel(self, request):
        return self._model(request.name)

    def ListModels(self, request):
        """One model a page, so that paging is always under test."""
        names = sorted(self.models)
        start = int(request.page_token or 0)
        more = str(start + 1) if start + 1 < len(names) else ""
        models = [self.models[name] for name in names[start : start + 1]]
        return model_service_pb2.ListModelsResponse(models=models, next_page_token=more)

    def ListDiscoveryMethods(self, request):
        schema = {"type": "object", "properties": {"count": {"type": "integer", "default": 10}}}
        found = discovery_service_pb2.ListDiscoveryMethodsResponse()
        for name in self.methods:
            method = found.methods.add(method=name, description=f"Finds by {name}.", version="1")
            method.needs.append("weights" if name == "sefa" else "population")
            method.parameters_schema.update(schema)
        return found

    def DiscoverFindings(self, request):
        self._model(request.generator)
        if request.method not in (*self.methods, "broken", "endless"):
            raise not_found("METHOD_NOT_FOUND", request.method)
        if request.request_id in self.by_request_id:
            return self.operations[self.by_request_id[request.request_id]]
        started = self._start(request, request.method, dict(request.parameters))
        if not request.validate_only:
            self.by_request_id[request.request_id] = started.name
        return started

    def TrainEncoder(self, request):
        self._model(request.generator)
        parameters = {"model": request.model_id, "steps": request.steps}
        return self._start(request, "train-encoder", parameters)

    def AuditClassifier(self, request):
        for model in (request.generator, request.classifier, *filter(None, [request.reference])):
            self._model(model)
        for name in request.finding_sets:
            self._set(name)
        self.audited.append(request)
        return self._start(request, "audit-classifier", {})

    def GetAudit(self, request):
        if request.name != AUDIT:
            raise not_found("AUDIT_NOT_FOUND", request.name)
        return audit_message(AUDIT)

    def ListAudits(self, request):
        return audit_service_pb2.ListAuditsResponse(audits=[audit_message(AUDIT, rows=False)])

    def DownloadAudit(self, request):
        if request.name != AUDIT:
            raise not_found("AUDIT_NOT_FOUND", request.name)
        data = audit_document(request.format)
        for start in range(0, len(data), 1000):
            yield audit_service_pb2.DownloadAuditResponse(data=data[start : start + 1000])

    def GetOperation(self, request):
        return self._advance(request.name)

    def WaitOperation(self, request):
        """Long waits end with the job; short ones see it advance."""
        patient = request.timeout.ToMilliseconds() > 1000
        for _ in range(UNITS if patient else 1):
            operation = self._advance(request.name)
        return operation

    def ListOperations(self, request):
        return operations_pb2.ListOperationsResponse(operations=self.operations.values())

    def CancelOperation(self, request):
        operation = self._operation(request.name)
        if not operation.done:
            self.metadata[request.name].state = State.STATE_CANCELLED
            operation.done = True
            operation.error.code = code_pb2.CANCELLED
            operation.error.message = "cancelled"
            self._seen(request.name)
        return empty_pb2.Empty()

    def CreateFindingSet(self, request):
        stored = finding_service_pb2.FindingSet()
        stored.CopyFrom(request.finding_set)
        stored.method = "import"
        return self._store(stored)

    def GetFindingSet(self, request):
        stored = self._set(request.name)
        full = request.view == finding_service_pb2.FINDING_SET_VIEW_FULL
        return stored if full else basic(stored)

    def ListFindingSets(self, request):
        sets = [basic(stored) for stored in self.sets.values()]
        return finding_service_pb2.ListFindingSetsResponse(finding_sets=sets)

    def GetScorecard(self, request):
        self._set(request.finding_set)
        if request.finding_set not in self.scorecards:
            raise not_found("SCORECARD_NOT_FOUND", request.finding_set)
        return self.scorecards[request.finding_set]

    def CompareFindingSets(self, request):
        found = []
        for name in request.finding_sets:
            stored = self._set(name)
            card = scorecard_from_proto(self.scorecards[name], stored.digest)
            found.append(Candidate(name, provenance_from_proto(stored), ("z",), card))
        return comparison_to_proto(compare(found))

    def EditImage(self, request):
        recipe = values_pb2.Recipe()
        recipe.CopyFrom(request.recipe)
        self._model(recipe.generator)
        for move in recipe.moves:
            self._finding(move.finding)
            if move.HasField("change_sd"):
                card = scorecard_from_proto(self.scorecards[move.finding.finding_set], "")
                move.alpha = card.strength(move.finding.index, move.change_sd)
        where = position(recipe)
        return editing_service_pb2.EditImageResponse(
            image=encode_image(draw(where), request.encoding),
            scores=[scores_of(name, where) for name in request.predictors],
            alphas=[move.alpha for move in recipe.moves],
        )

    def StreamEdits(self, requests):
        for request in requests:
            edit = self.EditImage(request.edit)
            yield editing_service_pb2.StreamEditsResponse(sequence=request.sequence, edit=edit)

    def RenderFilmstrip(self, request):
        self._finding(request.finding)
        found = editing_service_pb2.RenderFilmstripResponse()
        for alpha in request.alphas:
            where = position(request.recipe) + alpha
            scores = [scores_of(name, where) for name in request.predictors]
            image = encode_image(draw(where), request.encoding)
            found.frames.add(alpha=alpha, image=image, scores=scores)
        return found

    def SampleLatents(self, request):
        found = editing_service_pb2.SampleLatentsResponse()
        for i in range(request.start, request.start + request.count):
            values = tensor_to_proto(np.full(4, i, np.float32))
            space = request.space or values_pb2.SPACE_Z
            found.latents.add(space=space, generator_digest=GENERATOR_DIGEST, values=values)
        return found

    def InvertImage(self, request):
        values = tensor_to_proto(np.zeros(4, np.float32))
        latent = values_pb2.Latent(
            space=values_pb2.SPACE_Z, generator_digest=GENERATOR_DIGEST, values=values
        )
        found = editing_service_pb2.InvertImageResponse(
            latent=latent,
            reconstruction=encode_image(draw(0)),
            error=0.0 if request.source.encoder_only else 0.25,
            noise_error=0.125 if request.source.optimise_noise else None,
        )
        if request.source.encoder:
            self._model(request.source.encoder)
        for name in request.classifiers:
            self._model(name)
            found.verdicts.add(
                classifier=name, label="boot", reconstruction_label="bag", label_kept=False
            )
        return found

    def ExplainImage(self, request):
        self._model(request.classifier)
        self._set(request.finding_set)
        if request.target and request.target not in CLASSES:
            raise invalid("target", f"there is no class {request.target!r}")
        start = position(request.recipe)
        source = round(start) % 10
        goal = CLASSES.index(request.target) if request.target else (source + 1) % 10
        answer = explanation_service_pb2.ExplainImageResponse
        found = answer(
            status=answer.STATUS_FOUND if goal != source else answer.STATUS_ALREADY_TARGET,
            original=encode_image(draw(start), request.encoding),
            image=encode_image(draw(goal), request.encoding),
            recipe=request.recipe,
            source_class=CLASSES[source],
            target_class=CLASSES[goal],
            margin_before=-1.5,
            margin_after=0.25,
            probability_before=0.125,
            probability_after=0.5,
            distance_sd=abs(goal - start),
            pixel_l1=8.5,
            generator_calls=40,
            classifier_calls=57,
            difference=encode_image(difference(draw(start), draw(goal)), request.encoding),
            log_density_change=-0.5,
            views=16,
            views_agree=0.75,
        )
        reference = values_pb2.FindingRef(finding_set=request.finding_set, index=1)
        found.recipe.moves.add(finding=reference, alpha=goal - start)
        found.moved.add(index=1, alpha=goal - start)
        for step in range(5):
            found.curve.add(distance_sd=step, margin=step - 1.5)
        if request.oracle:
            found.oracle_agrees = True
        if request.max_alpha and request.max_alpha < 0.01:
            found.status, found.cause = answer.STATUS_NOT_FOUND, "max_alpha reached"
        return found

    def StreamExplanation(self, request):
        event = explanation_service_pb2.StreamExplanationResponse
        answer = self.ExplainImage(request.explanation)
        for images, margin in ((1, answer.margin_before), (40, answer.margin_after)):
            told = explanation_service_pb2.ExplanationProgress(
                images=images, margin=margin, probability=0.5, reached=margin > 0
            )
            if images == 1:
                told.image.CopyFrom(answer.original)
            yield event(progress=told)
        yield event(answer=answer)

    def _start(self, request, method: str, parameters: dict) -> operations_pb2.Operation:
        """A job, or what it would cost: of requests that are only validated, as one like it did."""
        metadata = State(method=method, generator=request.generator)
        metadata.parameters.update(parameters)
        if request.validate_only:
            if any(known.method == method for known in self.metadata.values()):
                metadata.estimate.CopyFrom(ESTIMATE)
            operation = operations_pb2.Operation(done=True)
            operation.metadata.Pack(metadata)
            return operation
        name = f"{request.parent}/operations/{uuid.uuid4().hex[:12]}"
        metadata.state, metadata.priority = State.STATE_QUEUED, request.priority
        metadata.budget.CopyFrom(request.job_budget)
        self.metadata[name], self.operations[name] = metadata, operations_pb2.Operation(name=name)
        return self._seen(name)

    def _advance(self, name: str) -> operations_pb2.Operation:
        operation, metadata = self._operation(name), self.metadata[name]
        if operation.done or metadata.method == "endless":
            metadata.state = State.STATE_RUNNING if not operation.done else metadata.state
            return self._seen(name)
        metadata.state, metadata.stage = State.STATE_RUNNING, "fit"
        metadata.total, metadata.attempt = UNITS, 1
        metadata.done += 1
        if metadata.method in self.methods:
            metadata.finding_set = self._store(made_by(metadata.method)).name
        if metadata.done == UNITS:
            self._finish(operation, metadata)
        return self._seen(name)

    def _finish(self, operation: operations_pb2.Operation, metadata: State) -> None:
        operation.done = True
        if metadata.method == "broken":
            failed = Refusal(code_pb2.FAILED_PRECONDITION, "NEEDS_UNMET", "it needs a predictor")
            operation.error.CopyFrom(failed.status)
            metadata.state = State.STATE_FAILED
            return
        metadata.state = State.STATE_SUCCEEDED
        if metadata.method == "train-encoder":
            trained = f"projects/default/models/{metadata.parameters['model']}"
            operation.response.Pack(
                model_service_pb2.TrainEncoderResponse(model=trained, digest="e" * 64)
            )
            return
        if metadata.method == "audit-classifier":
            operation.response.Pack(
                explanation_service_pb2.AuditClassifierResponse(
                    audit=AUDIT, digest="a" * 64, finding_count=8, accused_count=1
                )
            )
            return
        stored = self._store(made_by(metadata.method))
        self.scorecards[stored.name] = scorecard_to_proto(scorecard(stored.digest), stored.name)
        operation.response.Pack(
            discovery_service_pb2.DiscoverFindingsResponse(
                finding_set=stored.name,
                digest=stored.digest,
                finding_count=stored.finding_count,
                scored=True,
            )
        )

    def _seen(self, name: str) -> operations_pb2.Operation:
        self.operations[name].metadata.Pack(self.metadata[name])
        return self.operations[name]

    def _store(self, stored: finding_service_pb2.FindingSet) -> finding_service_pb2.FindingSet:
        stored.digest = archive.sha256(stored.SerializeToString(deterministic=True))
        stored.name = f"projects/default/findingSets/f{stored.digest[:40]}"
        stored.finding_count = len(stored.findings)
        return self.sets.setdefault(stored.name, stored)

    def _model(self, name: str) -> model_service_pb2.Model:
        if name not in self.models:
            raise not_found("MODEL_NOT_FOUND", name)
        return self.models[name]

    def _set(self, name: str) -> finding_service_pb2.FindingSet:
        if name not in self.sets:
            raise not_found("FINDING_SET_NOT_FOUND", name)
        return self.sets[name]

    def _finding(self, reference: values_pb2.FindingRef) -> None:
        if reference.index >= self._set(reference.finding_set).finding_count:
            raise invalid("recipe.moves.finding.index", "there are fewer findings")

    def _operation(self, name: str) -> operations_pb2.Operation:
        if name not in self.operations:
            raise not_found("OPERATION_NOT_FOUND", name)
        return self.operations[name]
