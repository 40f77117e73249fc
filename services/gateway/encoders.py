"""Encoders: trainings, checked as far as they can be and then started as jobs."""

from dataclasses import dataclass

from google.longrunning import operations_pb2

from directrix.errors import ModelExists, ModelNotFound, SpaceUnavailable
from directrix.types import EncoderCard, Space
from directrix.v1 import model_service_pb2 as pb
from directrix.wire.latents import SPACES
from services.gateway.lookups import Lookups
from services.gateway.recipes import check_space, default_space
from services.gateway.starts import Starts
from services.jobs.specs import EncoderSpec, ModelRef

DEFAULT_STEPS = 6000


@dataclass(frozen=True)
class Encoders:
    lookups: Lookups
    starts: Starts

    async def start(self, request: pb.TrainEncoderRequest) -> operations_pb2.Operation:
        """Raises ModelNotFound, SpaceUnavailable, PredictorMismatch, ModelExists, InvalidField,
        RequestIdReused."""
        self.lookups.names.parent(request.parent)
        spec = await self._spec(request)
        await self._check_free(spec)
        if request.validate_only:
            return await self.starts.foresee(spec, pb.TrainEncoderResponse())
        return await self.starts.start(spec, request, request.request_id)

    async def _spec(self, request: pb.TrainEncoderRequest) -> EncoderSpec:
        generator = await self.lookups.generator(request.generator, "generator")
        check_space(request.space, generator.card, "space")
        space = SPACES[request.space] if request.space else default_space(generator.card)
        if space is Space.S:
            raise SpaceUnavailable("an encoder encodes into Z, W or W+", space=space)
        embedder = None
        if request.embedder:
            found = await self.lookups.predictor(request.embedder, "embedder", generator.card.image)
            embedder = ModelRef(name=found.name, digest=found.digest)
        return EncoderSpec(
            generator=ModelRef(name=generator.name, digest=generator.digest),
            embedder=embedder,
            space=space,
            steps=request.steps or DEFAULT_STEPS,
            seed=request.seed,
            model=request.model_id,
        )

    async def _check_free(self, spec: EncoderSpec) -> None:
        """An id that is bound may only be that of what this very training made before."""
        try:
            bound = await self.lookups.call(self.lookups.catalogue.model, spec.model)
        except ModelNotFound:
            return
        card = bound.card
        if not isinstance(card, EncoderCard) or card.generator != spec.generator.digest:
            raise ModelExists(
                f"model {spec.model} is bound to digest {bound.digest}: choose another id",
                model=spec.model,
                digest=bound.digest,
            )
