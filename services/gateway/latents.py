"""Latents: samples of populations, and the latent of a picture."""

import asyncio
from concurrent.futures import Executor
from dataclasses import dataclass

from directrix.errors import InvalidField
from directrix.inference.v1 import inference_service_pb2 as internal
from directrix.v1 import editing_service_pb2 as pb
from directrix.v1 import values_pb2
from directrix.wire.latents import latent_batch_from_proto, latents_to_proto
from directrix.wire.tensors import tensor_from_proto
from services.gateway.deadlines import seconds_to
from services.gateway.holding import Holding
from services.gateway.lookups import Lookups
from services.gateway.pictures import Pictures
from services.gateway.recipes import Recipes, check_space
from services.gateway.renders import inside
from services.gateway.verdicts import check_classifiers, verdicts
from services.inference.client import InferenceClient

MOST_SAMPLES = 2**63


@dataclass(frozen=True)
class Latents:
    lookups: Lookups
    recipes: Recipes
    pictures: Pictures
    client: InferenceClient
    threads: Executor
    holding: Holding

    async def sample(
        self, request: pb.SampleLatentsRequest, deadline: float
    ) -> pb.SampleLatentsResponse:
        generator = await self.lookups.generator(request.generator, "generator")
        check_space(request.space, generator.card, "space")
        if request.start + request.count > MOST_SAMPLES:
            raise InvalidField("start + count lies in [0, 2^63)", field="start")
        inner = internal.SampleRequest(
            generator=generator.digest,
            samples=internal.SampleRange(
                seed=request.seed,
                start=request.start,
                count=request.count,
                truncation=request.truncation if request.HasField("truncation") else 1.0,
            ),
            space=request.space or values_pb2.SPACE_Z,
            project=self.lookups.names.project,
        )
        answer = await self.holding.answer(
            lambda: inside(self.client.sample(inner, seconds_to(deadline))), deadline
        )
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self.threads, _listed, answer.latents, generator.digest)

    async def invert(
        self, request: pb.InvertImageRequest, deadline: float
    ) -> pb.InvertImageResponse:
        generator = await self.lookups.generator(request.generator, "generator")
        classifiers = [
            await self.lookups.predictor(name, f"classifiers[{i}]", generator.card.image)
            for i, name in enumerate(request.classifiers)
        ]
        check_classifiers(classifiers)
        source = values_pb2.ImageSource()
        source.CopyFrom(request.source)
        await self.recipes.picture(source, generator.card, "source")
        inner = internal.InvertRequest(
            generator=generator.digest,
            source=source,
            predictors=[classifier.digest for classifier in classifiers],
            project=self.lookups.names.project,
        )
        answer = await self.holding.answer(
            lambda: inside(self.client.invert(inner, seconds_to(deadline))), deadline
        )
        pixels = tensor_from_proto(answer.reconstruction, "reconstruction", "uint8", axes=3)
        height, width, channels = pixels.shape
        picture = await self.pictures.encode(
            answer.reconstruction.data, (height, width, channels), values_pb2.ENCODING_PNG
        )
        noise = answer.noise_error if answer.HasField("noise_error") else None
        scores = tensor_from_proto(answer.scores, "scores", axes=2)
        return pb.InvertImageResponse(
            latent=answer.latent,
            reconstruction=picture,
            error=answer.mean_squared_error,
            verdicts=verdicts(scores, classifiers),
            noise_error=noise,
        )


def _listed(batch: internal.LatentBatch, generator: str) -> pb.SampleLatentsResponse:
    latents = latent_batch_from_proto(batch, generator)
    return pb.SampleLatentsResponse(latents=latents_to_proto(latents))
