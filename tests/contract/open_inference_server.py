"""A service of somebody else: a grpc.aio server that answers ModelInfer over our predictors."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import grpc
import numpy as np
import torch

from directrix.inference.open_inference import open_inference_pb2 as pb
from directrix.predictors import Predictor


@dataclass
class Shop:
    """What the service does; tests change it while it runs.

    scores: [N, K] of a batch [N, C, H, W]. refusals: statuses of the next calls, before any answer.
    pause: seconds before an answer. written: whether numbers stand in the message, not raw.
    """

    scores: Callable[[np.ndarray], np.ndarray]
    model: str = "judge"
    version: str = "3"
    refusals: list[grpc.StatusCode] = field(default_factory=list)
    pause: float = 0.0
    written: bool = False
    target: str = ""
    sizes: list[int] = field(default_factory=list)
    """Pictures of every call that was answered or refused."""

    async def infer(
        self, request: pb.ModelInferRequest, context: grpc.aio.ServicerContext
    ) -> pb.ModelInferResponse:
        (tensor,), (raw,) = request.inputs, request.raw_input_contents
        self.sizes.append(tensor.shape[0])
        if self.refusals:
            await context.abort(self.refusals.pop(0), "/etc/secret: words of the service's own")
        await asyncio.sleep(self.pause)
        assert (request.model_name, tensor.datatype, tensor.name) == (self.model, "FP32", "pixels")
        scores = self.scores(np.frombuffer(raw, "<f4").reshape(tuple(tensor.shape)))
        answer = pb.ModelInferResponse(model_name=self.model, model_version=self.version)
        output = answer.outputs.add(name="logits", datatype="FP32", shape=scores.shape)
        if self.written:
            output.contents.fp32_contents.extend(scores.ravel().tolist())
        else:
            answer.raw_output_contents.append(scores.astype("<f4").tobytes())
        return answer


def shop_of(predictor: Predictor) -> Shop:
    def scores(batch: np.ndarray) -> np.ndarray:
        with torch.no_grad():
            return predictor.scores(torch.tensor(batch)).numpy()

    return Shop(scores)


@contextmanager
def serving(
    shop: Shop, port: int = 0, credentials: grpc.ServerCredentials | None = None
) -> Iterator[Shop]:
    """The server on loopback, on a loop of its own; `target` tells where. Ends at once."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    async def start() -> grpc.aio.Server:
        server = grpc.aio.server(options=[("grpc.so_reuseport", 0)])
        infer = grpc.unary_unary_rpc_method_handler(
            shop.infer,
            request_deserializer=pb.ModelInferRequest.FromString,
            response_serializer=pb.ModelInferResponse.SerializeToString,
        )
        service = "inference.GRPCInferenceService"
        handler = grpc.method_handlers_generic_handler(service, {"ModelInfer": infer})
        server.add_generic_rpc_handlers((handler,))
        address = f"127.0.0.1:{port}"
        if credentials is None:
            bound = server.add_insecure_port(address)
        else:
            bound = server.add_secure_port(address, credentials)
        shop.target = f"127.0.0.1:{bound}"
        await server.start()
        return server

    server = asyncio.run_coroutine_threadsafe(start(), loop).result(30)
    try:
        yield shop
    finally:
        asyncio.run_coroutine_threadsafe(server.stop(None), loop).result(30)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
