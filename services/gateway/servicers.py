"""The servicers: they carry messages to what does the work, and back. Errors are the guard's.

Each request goes to the work of the project that it names.
"""

from collections.abc import AsyncIterator
from contextlib import aclosing
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
from services.gateway.deadlines import SEARCH_SECONDS, STREAM_SECONDS, deadline_of
from services.gateway.works import Works

Context = Any  # grpc.aio.ServicerContext


class ModelServicer(model_service_pb2_grpc.ModelServiceServicer):
    def __init__(self, works: Works):
        self._works = works

    async def CreateModel(self, request: model.CreateModelRequest, context: Context) -> model.Model:
        return await self._works.of(request).models.create(request)

    async def GetModel(self, request: model.GetModelRequest, context: Context) -> model.Model:
        return await self._works.of(request).models.get(request)

    async def ListModels(
        self, request: model.ListModelsRequest, context: Context
    ) -> model.ListModelsResponse:
        return await self._works.of(request).models.page(request)

    async def TrainEncoder(
        self, request: model.TrainEncoderRequest, context: Context
    ) -> operations_pb2.Operation:
        return await self._works.of(request).encoders.start(request)


class FindingServicer(finding_service_pb2_grpc.FindingServiceServicer):
    def __init__(self, works: Works):
        self._works = works

    async def CreateFindingSet(
        self, request: finding.CreateFindingSetRequest, context: Context
    ) -> finding.FindingSet:
        return await self._works.of(request).findings.create(request)

    async def GetFindingSet(
        self, request: finding.GetFindingSetRequest, context: Context
    ) -> finding.FindingSet:
        return await self._works.of(request).findings.get(request)

    async def ListFindingSets(
        self, request: finding.ListFindingSetsRequest, context: Context
    ) -> finding.ListFindingSetsResponse:
        return await self._works.of(request).findings.page(request)

    async def GetScorecard(
        self, request: finding.GetScorecardRequest, context: Context
    ) -> finding.Scorecard:
        return await self._works.of(request).findings.scorecard(request)

    async def CompareFindingSets(
        self, request: finding.CompareFindingSetsRequest, context: Context
    ) -> finding.CompareFindingSetsResponse:
        return await self._works.of(request).findings.compare(request)


class DiscoveryServicer(discovery_service_pb2_grpc.DiscoveryServiceServicer):
    def __init__(self, works: Works):
        self._works = works

    async def ListDiscoveryMethods(
        self, request: discovery.ListDiscoveryMethodsRequest, context: Context
    ) -> discovery.ListDiscoveryMethodsResponse:
        return await self._works.of(request).discoveries.methods(request)

    async def DiscoverFindings(
        self, request: discovery.DiscoverFindingsRequest, context: Context
    ) -> operations_pb2.Operation:
        return await self._works.of(request).discoveries.start(request)


class OperationsServicer(operations_pb2_grpc.OperationsServicer):
    def __init__(self, works: Works):
        self._works = works

    async def GetOperation(
        self, request: operations_pb2.GetOperationRequest, context: Context
    ) -> operations_pb2.Operation:
        return await self._works.of(request).operations.get(request.name)

    async def ListOperations(
        self, request: operations_pb2.ListOperationsRequest, context: Context
    ) -> operations_pb2.ListOperationsResponse:
        return await self._works.of(request).operations.page(request)

    async def CancelOperation(
        self, request: operations_pb2.CancelOperationRequest, context: Context
    ) -> Empty:
        return await self._works.of(request).operations.cancel(request.name)

    async def DeleteOperation(
        self, request: operations_pb2.DeleteOperationRequest, context: Context
    ) -> Empty:
        return await self._works.of(request).operations.delete(request.name)

    async def WaitOperation(
        self, request: operations_pb2.WaitOperationRequest, context: Context
    ) -> operations_pb2.Operation:
        return await self._works.of(request).operations.wait(
            request, deadline_of(context, SEARCH_SECONDS)
        )


class EditingServicer(editing_service_pb2_grpc.EditingServiceServicer):
    def __init__(self, works: Works):
        self._works = works

    async def EditImage(
        self, request: editing.EditImageRequest, context: Context
    ) -> editing.EditImageResponse:
        return await self._works.of(request).edits.edit(request, deadline_of(context))

    async def StreamEdits(
        self, requests: AsyncIterator[editing.StreamEditsRequest], context: Context
    ) -> AsyncIterator[editing.StreamEditsResponse]:
        deadline = deadline_of(context, STREAM_SECONDS)
        async for first in requests:  # it says whose stream this is
            edits = self._works.of(first).edits
            async with aclosing(edits.stream(_again(first, requests), deadline)) as answers:
                async for answer in answers:
                    yield answer

    async def RenderFilmstrip(
        self, request: editing.RenderFilmstripRequest, context: Context
    ) -> editing.RenderFilmstripResponse:
        return await self._works.of(request).edits.film(request, deadline_of(context))

    async def SampleLatents(
        self, request: editing.SampleLatentsRequest, context: Context
    ) -> editing.SampleLatentsResponse:
        return await self._works.of(request).latents.sample(request, deadline_of(context))

    async def InvertImage(
        self, request: editing.InvertImageRequest, context: Context
    ) -> editing.InvertImageResponse:
        return await self._works.of(request).latents.invert(
            request, deadline_of(context, SEARCH_SECONDS)
        )


class ExplanationServicer(explanation_service_pb2_grpc.ExplanationServiceServicer):
    def __init__(self, works: Works):
        self._works = works

    async def ExplainImage(
        self, request: explanation.ExplainImageRequest, context: Context
    ) -> explanation.ExplainImageResponse:
        return await self._works.of(request).explanations.explain(
            request, deadline_of(context, SEARCH_SECONDS)
        )

    def StreamExplanation(
        self, request: explanation.StreamExplanationRequest, context: Context
    ) -> AsyncIterator[explanation.StreamExplanationResponse]:
        deadline = deadline_of(context, SEARCH_SECONDS)
        return self._works.of(request).explanations.stream(request.explanation, deadline)

    async def AuditClassifier(
        self, request: explanation.AuditClassifierRequest, context: Context
    ) -> operations_pb2.Operation:
        return await self._works.of(request).audits.start(request)


class AuditServicer(audit_service_pb2_grpc.AuditServiceServicer):
    def __init__(self, works: Works):
        self._works = works

    async def GetAudit(self, request: audit.GetAuditRequest, context: Context) -> audit.Audit:
        return await self._works.of(request).reports.get(request)

    async def ListAudits(
        self, request: audit.ListAuditsRequest, context: Context
    ) -> audit.ListAuditsResponse:
        return await self._works.of(request).reports.page(request)

    def DownloadAudit(
        self, request: audit.DownloadAuditRequest, context: Context
    ) -> AsyncIterator[audit.DownloadAuditResponse]:
        return self._works.of(request).reports.download(request)


def register(works: Works, server: grpc.aio.Server) -> None:
    """Adds every public service."""
    model_service_pb2_grpc.add_ModelServiceServicer_to_server(ModelServicer(works), server)
    finding_service_pb2_grpc.add_FindingServiceServicer_to_server(FindingServicer(works), server)
    discovery_service_pb2_grpc.add_DiscoveryServiceServicer_to_server(
        DiscoveryServicer(works), server
    )
    operations_pb2_grpc.add_OperationsServicer_to_server(OperationsServicer(works), server)
    editing_service_pb2_grpc.add_EditingServiceServicer_to_server(EditingServicer(works), server)
    explanation_service_pb2_grpc.add_ExplanationServiceServicer_to_server(
        ExplanationServicer(works), server
    )
    audit_service_pb2_grpc.add_AuditServiceServicer_to_server(AuditServicer(works), server)


async def _again(
    first: editing.StreamEditsRequest, rest: AsyncIterator[editing.StreamEditsRequest]
) -> AsyncIterator[editing.StreamEditsRequest]:
    """A stream whose first message was read already."""
    yield first
    async for request in rest:
        yield request
