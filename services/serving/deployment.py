"""The Ray Serve deployment: the inference service's calls over one replica a process."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import AbstractContextManager, aclosing
from typing import Any

import grpc
from ray import serve
from ray.serve.grpc_util import RayServegRPCContext

from directrix.errors import ServingUnavailable, Unauthenticated
from directrix.inference.v1 import inference_service_pb2 as pb
from directrix.wire.errors import error_to_proto
from services.serving.secret import admits
from services.settings import Settings, settings
from services.sight import ids, tracing
from services.sight.logs import take_over_logging

SERVICER = (
    "directrix.inference.v1.inference_service_pb2_grpc.add_InferenceServiceServicer_to_server"
)
REFUSAL = "the internal secret is missing or wrong"
MOST_CALLS = 256
"""Ongoing calls of a replica; Ray's default of 5 is a cliff, not a throttle."""
MOST_WAITING = 512


class Inference:
    """One replica process. Methods are named after the calls, as Ray Serve wants them."""

    def __init__(self, device: str) -> None:
        # Here, for the process that starts Ray imports this file too, and needs no torch.
        from services.artifacts import open_store
        from services.artifacts.catalogue import Catalogue
        from services.artifacts.watched import WatchedStore
        from services.serving.replica import Replica

        config = settings().model_copy(update={"device": device})
        take_over_logging("serving", config)
        tracing.start(config, "serving")
        self._secret = config.inference_secret.get_secret_value()
        self._replica = Replica(Catalogue(WatchedStore(open_store(config)), config.project), config)

    async def Render(
        self, request: pb.RenderRequest, grpc_context: RayServegRPCContext
    ) -> pb.RenderResponse:
        if not self._admits(grpc_context):
            return pb.RenderResponse()
        with _arrival("Render", grpc_context):
            return await self._replica.render(request)

    async def Score(
        self, request: pb.ScoreRequest, grpc_context: RayServegRPCContext
    ) -> pb.ScoreResponse:
        if not self._admits(grpc_context):
            return pb.ScoreResponse()
        with _arrival("Score", grpc_context):
            return await self._replica.score(request)

    async def Explain(
        self, request: pb.ExplainRequest, grpc_context: RayServegRPCContext
    ) -> AsyncGenerator[pb.ExplainResponse, None]:
        if not self._admits(grpc_context):
            # Ray Serve sends no status with a stream: the answer itself has to say it
            yield pb.ExplainResponse(error=error_to_proto(Unauthenticated(REFUSAL)))
            return
        with _arrival("Explain", grpc_context):
            async with aclosing(self._replica.explain(request)) as answers:
                async for answer in answers:
                    yield answer

    async def Invert(
        self, request: pb.InvertRequest, grpc_context: RayServegRPCContext
    ) -> pb.InvertResponse:
        if not self._admits(grpc_context):
            return pb.InvertResponse()
        with _arrival("Invert", grpc_context):
            return await self._replica.invert(request)

    async def Sample(
        self, request: pb.SampleRequest, grpc_context: RayServegRPCContext
    ) -> pb.SampleResponse:
        if not self._admits(grpc_context):
            return pb.SampleResponse()
        with _arrival("Sample", grpc_context):
            return await self._replica.sample(request)

    async def check_health(self) -> None:
        """Called by Ray Serve; raises where this replica should be replaced."""
        if not self._replica.alive:
            raise ServingUnavailable("the model thread has ended")

    def _admits(self, context: RayServegRPCContext) -> bool:
        """Whether the call carries the secret; else its status says so."""
        if admits(self._secret, context.invocation_metadata()):
            ids.arrive(context.invocation_metadata())
            return True
        context.set_code(grpc.StatusCode.UNAUTHENTICATED)
        context.set_details(REFUSAL)
        return False


def _arrival(call: str, context: RayServegRPCContext) -> AbstractContextManager[tracing.Span]:
    """The span of a call, below its caller's."""
    carried = tracing.of_metadata(context.invocation_metadata())
    return tracing.arrival(f"directrix.inference.v1.InferenceService/{call}", carried)


def application(
    config: Settings, autoscaling: Mapping[str, float] | None = None
) -> serve.Application:
    """The deployment as the settings want it; their number of replicas without `autoscaling`."""
    number: dict[str, Any] = {"num_replicas": config.inference_replicas}
    if autoscaling:
        number = {"autoscaling_config": dict(autoscaling)}
    deployment = serve.deployment(
        Inference,
        name="replica",
        **number,
        max_ongoing_requests=MOST_CALLS,
        max_queued_requests=MOST_WAITING,
        health_check_period_s=5,
        graceful_shutdown_timeout_s=10,
        ray_actor_options={"num_cpus": config.threads, "num_gpus": config.gpu_fraction},
        logging_config={"enable_access_log": False},
    )
    return deployment.bind(config.device)
