"""The servicers: they carry messages to what does the work, and back. Errors are the guard's."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import grpc
from google.longrunning import operations_pb2, operations_pb2_grpc
from google.protobuf.empty_pb2 import Empty

from directrix.v1 import audit_service_pb2 as audit
from directrix.v1 import (
    audit_service_pb2_grpc,
    discovery_service_pb2_grpc,
    editing_service_pb2_grpc,
    explanation_service_pb2_grpc,
    finding_service_pb2_grpc,
    model_service_pb2_grpc,
)
from directrix.v1 import discovery_service_pb2 as discovery
from directrix.v1 import editing_service_pb2 as editing
from directrix.v1 import explanation_service_pb2 as explanation
from directrix.v1 import finding_service_pb2 as finding
from directrix.v1 import model_service_pb2 as model
from services.gateway.audit_reports import AuditReports
from services.gateway.audits import Audits
from services.gateway.deadlines import SEARCH_SECONDS, STREAM_SECONDS, deadline_of
from services.gateway.discoveries import Discoveries
from services.gateway.edits import Edits
from services.gateway.encoders import Encoders
from services.gateway.explanations import Explanations
from services.gateway.findings import Findings
from services.gateway.latents import Latents
from services.gateway.models import Models
from services.gateway.operations import Operations

Context = Any  # grpc.aio.ServicerContext


@dataclass(frozen=True)
class Work:
    """What does the work, by service."""

    models: Models
    encoders: Encoders
    findings: Findings
    discoveries: Discoveries
    operations: Operations
    edits: Edits
    latents: Latents
    explanations: Explanations
    audits: Audits
    reports: AuditReports


class ModelServicer(model_service_pb2_grpc.ModelServiceServicer):
    def __init__(self, models: Models, encoders: Encoders):
        self._models = models
        self._encoders = encoders

    async def CreateModel(self, request: model.CreateModelRequest, context: Context) -> model.Model:
        return await self._models.create(request)

    async def GetModel(self, request: model.GetModelRequest, context: Context) -> model.Model:
        return await self._models.get(request)

    async def ListModels(
        self, request: model.ListModelsRequest, context: Context
    ) -> model.ListModelsResponse:
        return await self._models.page(request)

    async def TrainEncoder(
        self, request: model.TrainEncoderRequest, context: Context
    ) -> operations_pb2.Operation:
        return await self._encoders.start(request)


class FindingServicer(finding_service_pb2_grpc.FindingServiceServicer):
    def __init__(self, findings: Findings):
        self._findings = findings

    async def CreateFindingSet(
        self, request: finding.CreateFindingSetRequest, context: Context
    ) -> finding.FindingSet:
        return await self._findings.create(request)

    async def GetFindingSet(
        self, request: finding.GetFindingSetRequest, context: Context
    ) -> finding.FindingSet:
        return await self._findings.get(request)

    async def ListFindingSets(
        self, request: finding.ListFindingSetsRequest, context: Context
    ) -> finding.ListFindingSetsResponse:
        return await self._findings.page(request)

    async def GetScorecard(
        self, request: finding.GetScorecardRequest, context: Context
    ) -> finding.Scorecard:
        return await self._findings.scorecard(request)

    async def CompareFindingSets(
        self, request: finding.CompareFindingSetsRequest, context: Context
    ) -> finding.CompareFindingSetsResponse:
        return await self._findings.compare(request)


class DiscoveryServicer(discovery_service_pb2_grpc.DiscoveryServiceServicer):
    def __init__(self, discoveries: Discoveries):
        self._discoveries = discoveries

    async def ListDiscoveryMethods(
        self, request: discovery.ListDiscoveryMethodsRequest, context: Context
    ) -> discovery.ListDiscoveryMethodsResponse:
        return await self._discoveries.methods(request)

    async def DiscoverFindings(
        self, request: discovery.DiscoverFindingsRequest, context: Context
    ) -> operations_pb2.Operation:
        return await self._discoveries.start(request)


class OperationsServicer(operations_pb2_grpc.OperationsServicer):
    def __init__(self, operations: Operations):
        self._operations = operations

    async def GetOperation(
        self, request: operations_pb2.GetOperationRequest, context: Context
    ) -> operations_pb2.Operation:
        return await self._operations.get(request.name)

    async def ListOperations(
        self, request: operations_pb2.ListOperationsRequest, context: Context
    ) -> operations_pb2.ListOperationsResponse:
        return await self._operations.page(request)

    async def CancelOperation(
        self, request: operations_pb2.CancelOperationRequest, context: Context
    ) -> Empty:
        return await self._operations.cancel(request.name)

    async def DeleteOperation(
        self, request: operations_pb2.DeleteOperationRequest, context: Context
    ) -> Empty:
        return await self._operations.delete(request.name)

    async def WaitOperation(
        self, request: operations_pb2.WaitOperationRequest, context: Context
    ) -> operations_pb2.Operation:
        return await self._operations.wait(request, deadline_of(context, SEARCH_SECONDS))


class EditingServicer(editing_service_pb2_grpc.EditingServiceServicer):
    def __init__(self, edits: Edits, latents: Latents):
        self._edits = edits
        self._latents = latents

    async def EditImage(
        self, request: editing.EditImageRequest, context: Context
    ) -> editing.EditImageResponse:
        return await self._edits.edit(request, deadline_of(context))

    def StreamEdits(
        self, requests: AsyncIterator[editing.StreamEditsRequest], context: Context
    ) -> AsyncIterator[editing.StreamEditsResponse]:
        return self._edits.stream(requests, deadline_of(context, STREAM_SECONDS))

    async def RenderFilmstrip(
        self, request: editing.RenderFilmstripRequest, context: Context
    ) -> editing.RenderFilmstripResponse:
        return await self._edits.film(request, deadline_of(context))

    async def SampleLatents(
        self, request: editing.SampleLatentsRequest, context: Context
    ) -> editing.SampleLatentsResponse:
        return await self._latents.sample(request, deadline_of(context))

    async def InvertImage(
        self, request: editing.InvertImageRequest, context: Context
    ) -> editing.InvertImageResponse:
        return await self._latents.invert(request, deadline_of(context, SEARCH_SECONDS))


class ExplanationServicer(explanation_service_pb2_grpc.ExplanationServiceServicer):
    def __init__(self, explanations: Explanations, audits: Audits):
        self._explanations = explanations
        self._audits = audits

    async def ExplainImage(
        self, request: explanation.ExplainImageRequest, context: Context
    ) -> explanation.ExplainImageResponse:
        return await self._explanations.explain(request, deadline_of(context, SEARCH_SECONDS))

    def StreamExplanation(
        self, request: explanation.StreamExplanationRequest, context: Context
    ) -> AsyncIterator[explanation.StreamExplanationResponse]:
        deadline = deadline_of(context, SEARCH_SECONDS)
        return self._explanations.stream(request.explanation, deadline)

    async def AuditClassifier(
        self, request: explanation.AuditClassifierRequest, context: Context
    ) -> operations_pb2.Operation:
        return await self._audits.start(request)


class AuditServicer(audit_service_pb2_grpc.AuditServiceServicer):
    def __init__(self, reports: AuditReports):
        self._reports = reports

    async def GetAudit(self, request: audit.GetAuditRequest, context: Context) -> audit.Audit:
        return await self._reports.get(request)

    async def ListAudits(
        self, request: audit.ListAuditsRequest, context: Context
    ) -> audit.ListAuditsResponse:
        return await self._reports.page(request)

    def DownloadAudit(
        self, request: audit.DownloadAuditRequest, context: Context
    ) -> AsyncIterator[audit.DownloadAuditResponse]:
        return self._reports.download(request)


def register(work: Work, server: grpc.aio.Server) -> None:
    """Adds every public service."""
    model_service_pb2_grpc.add_ModelServiceServicer_to_server(
        ModelServicer(work.models, work.encoders), server
    )
    finding_service_pb2_grpc.add_FindingServiceServicer_to_server(
        FindingServicer(work.findings), server
    )
    discovery_service_pb2_grpc.add_DiscoveryServiceServicer_to_server(
        DiscoveryServicer(work.discoveries), server
    )
    operations_pb2_grpc.add_OperationsServicer_to_server(
        OperationsServicer(work.operations), server
    )
    editing_service_pb2_grpc.add_EditingServiceServicer_to_server(
        EditingServicer(work.edits, work.latents), server
    )
    explanation_service_pb2_grpc.add_ExplanationServiceServicer_to_server(
        ExplanationServicer(work.explanations, work.audits), server
    )
    audit_service_pb2_grpc.add_AuditServiceServicer_to_server(AuditServicer(work.reports), server)
