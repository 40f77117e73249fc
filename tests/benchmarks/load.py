"""A closed-loop client in a process of its own: C callers, each with one request in flight.

`python -m tests.benchmarks.load SPEC.json OUT.npz`; the spec names endpoint, model, callers,
encoding, seconds, warm-up and seed. Every request carries a latent that no other one carries,
which is checked. The output holds the latency of each answer and the latents and pixels of a
sample of them.
"""

import asyncio
import json
import sys
import time

import grpc.aio
import numpy as np

from directrix.v1 import editing_service_pb2 as editing
from directrix.v1 import values_pb2 as values
from directrix.v1.editing_service_pb2_grpc import EditingServiceStub

KEEP_EVERY = 20


class Load:
    """Sends until the time is up and keeps what the benchmark needs."""

    def __init__(self, spec: dict):
        self.spec = spec
        self.random = np.random.default_rng(spec["seed"])
        self.latencies: list[float] = []
        self.kept: list[tuple[np.ndarray, bytes]] = []
        self.sent: set[bytes] = set()
        self.begin = 0.0
        self.end = 0.0

    async def run(self) -> None:
        options = [("grpc.max_receive_message_length", 64 << 20)]
        async with grpc.aio.insecure_channel(self.spec["endpoint"], options=options) as channel:
            stub = EditingServiceStub(channel)
            start = time.perf_counter()
            self.begin = start + self.spec["warmup"]
            self.end = self.begin + self.spec["seconds"]
            await asyncio.gather(*(self._caller(stub) for _ in range(self.spec["callers"])))

    async def _caller(self, stub: EditingServiceStub) -> None:
        while True:
            latent = self.random.standard_normal(self.spec["dimension"], dtype=np.float32)
            request = self._request(latent)
            sent = time.perf_counter()
            answer = await stub.EditImage(request, timeout=60)
            done = time.perf_counter()
            if done >= self.end:
                return
            if done >= self.begin:
                self.latencies.append(done - sent)
                if len(self.latencies) % KEEP_EVERY == 1:
                    self.kept.append((latent, answer.image.data))

    def _request(self, latent: np.ndarray) -> editing.EditImageRequest:
        data = latent.tobytes()
        if data in self.sent:
            raise RuntimeError("the same latent twice")
        self.sent.add(data)
        tensor = values.Tensor(data_type=values.DATA_TYPE_FLOAT32, shape=[len(latent)], data=data)
        source = values.Latent(
            space=values.SPACE_Z, generator_digest=self.spec["digest"], values=tensor
        )
        return editing.EditImageRequest(
            recipe=values.Recipe(generator=self.spec["model"], latent=source),
            encoding=values.Encoding.Value(self.spec["encoding"]),
            form=values.FORM_RESULT,
        )


def main(spec_path: str, out_path: str) -> None:
    with open(spec_path) as file:
        load = Load(json.load(file))
    asyncio.run(load.run())
    np.savez(
        out_path,
        latencies=np.array(load.latencies),
        latents=np.stack([latent for latent, _ in load.kept]),
        sizes=np.array([len(data) for _, data in load.kept]),
        answers=np.frombuffer(b"".join(data for _, data in load.kept), np.uint8),
    )


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
