"""Models: registered from a card and its tensors, read and listed."""

from dataclasses import dataclass

from directrix.v1 import model_service_pb2 as pb
from services.artifacts.catalogue import ModelEntry
from services.gateway.lookups import Lookups
from services.gateway.paging import Pages

KINDS = {
    "generator": pb.Model.KIND_GENERATOR,
    "predictor": pb.Model.KIND_PREDICTOR,
    "encoder": pb.Model.KIND_ENCODER,
}


@dataclass(frozen=True)
class Models:
    lookups: Lookups
    pages: Pages

    async def create(self, request: pb.CreateModelRequest) -> pb.Model:
        """Raises ModelInvalid, ModelExists. The networks themselves are built by replicas."""
        self.lookups.names.parent(request.parent)
        put = self.lookups.catalogue.put_model
        entry = await self.lookups.call(put, request.model_id, request.card_json, request.tensors)
        return _to_proto(entry)

    async def get(self, request: pb.GetModelRequest) -> pb.Model:
        return _to_proto(await self.lookups.model(request.name))

    async def page(self, request: pb.ListModelsRequest) -> pb.ListModelsResponse:
        self.lookups.names.parent(request.parent)
        found, token = await self.pages.read(
            "models", {"parent": request.parent}, request, self._fetch, lambda entry: entry.name
        )
        return pb.ListModelsResponse(
            models=[_to_proto(entry) for entry in found], next_page_token=token
        )

    async def _fetch(self, after: str, limit: int) -> list[ModelEntry]:
        return await self.lookups.call(self.lookups.catalogue.models, after, limit)


def _to_proto(entry: ModelEntry) -> pb.Model:
    return pb.Model(
        name=entry.name,
        digest=entry.digest,
        kind=KINDS[entry.card.kind],
        card_json=entry.card.model_dump_json(),
    )
