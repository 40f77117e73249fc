"""Discoveries: checked as far as they can be, recorded, and then put into the queue."""

from collections.abc import Sequence
from dataclasses import dataclass

from google.longrunning import operations_pb2

from directrix.errors import MethodNotFound, NeedsUnmet
from directrix.v1 import discovery_service_pb2 as pb
from services.artifacts.catalogue import MethodEntry
from services.gateway.lookups import Lookups
from services.gateway.paging import Pages
from services.gateway.parameters import filled
from services.gateway.starts import Starts
from services.jobs.specs import DiscoverySpec, ModelRef

DEFAULT_SAMPLES = 4096
SCORED = frozenset({"population", "scores"})
"""Needs that only predictors can meet."""


@dataclass(frozen=True)
class Discoveries:
    lookups: Lookups
    pages: Pages
    starts: Starts

    async def methods(
        self, request: pb.ListDiscoveryMethodsRequest
    ) -> pb.ListDiscoveryMethodsResponse:
        self.lookups.names.parent(request.parent)
        found, token = await self.pages.read(
            "methods", {"parent": request.parent}, request, self._fetch, lambda m: m.name
        )
        return pb.ListDiscoveryMethodsResponse(
            methods=[_method_to_proto(method) for method in found], next_page_token=token
        )

    async def start(self, request: pb.DiscoverFindingsRequest) -> operations_pb2.Operation:
        """The job's record is written before this answers.

        Raises ModelNotFound, MethodNotFound, InvalidField, NeedsUnmet, PredictorMismatch,
        RequestIdReused.
        """
        self.lookups.names.parent(request.parent)
        spec = await self._spec(request)
        if request.validate_only:
            return await self.starts.foresee(spec, pb.DiscoverFindingsResponse())
        return await self.starts.start(spec, request, request.request_id)

    async def _spec(self, request: pb.DiscoverFindingsRequest) -> DiscoverySpec:
        generator = await self.lookups.generator(request.generator, "generator")
        predictors, judges = [
            [
                await self.lookups.predictor(name, f"{field}[{i}]", generator.card.image)
                for i, name in enumerate(getattr(request, field))
            ]
            for field in ("predictors", "judges")
        ]
        method = await self._method(request.method)
        _check_needs(method, request.predictors)
        return DiscoverySpec(
            generator=ModelRef(name=generator.name, digest=generator.digest),
            predictors=tuple(ModelRef(name=p.name, digest=p.digest) for p in predictors),
            judges=tuple(ModelRef(name=j.name, digest=j.digest) for j in judges),
            method=method.name,
            parameters=filled(request.parameters, method.schema),
            seed=request.seed,
            samples=request.samples or DEFAULT_SAMPLES,
        )

    async def _method(self, name: str) -> MethodEntry:
        methods = await self.lookups.call(self.lookups.catalogue.methods)
        for method in methods:
            if method.name == name:
                return method
        known = ", ".join(method.name for method in methods) or "none yet: no worker has started"
        raise MethodNotFound(f"there is no method {name}; workers offer {known}", name=name)

    async def _fetch(self, after: str, limit: int) -> list[MethodEntry]:
        methods = await self.lookups.call(self.lookups.catalogue.methods)
        return [method for method in methods if method.name > after][:limit]


def _check_needs(method: MethodEntry, predictors: Sequence[str]) -> None:
    unmet = sorted(SCORED.intersection(method.needs))
    if unmet and not predictors:
        raise NeedsUnmet(
            f"method {method.name} needs {' and '.join(unmet)}: name at least one predictor",
            method=method.name,
            needs=",".join(unmet),
        )


def _method_to_proto(method: MethodEntry) -> pb.DiscoveryMethod:
    message = pb.DiscoveryMethod(
        method=method.name,
        description=method.description,
        needs=method.needs,
        version=method.version,
    )
    message.parameters_schema.update(method.schema)
    return message
