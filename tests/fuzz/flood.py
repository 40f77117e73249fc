"""Many hostile requests at once, from a process of their own; what came back, counted.

    python -m tests.fuzz.flood PLAN.json TOLD.json

A plan names the target, how many requests, the seed of the first and a good request of every call.
Request i is made from seed + i alone, so each can be made again.
"""

import asyncio
import base64
import json
import random
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path

import grpc
from google.protobuf.message import Message

from tests.fuzz.mutation import Hostility, words_of

AT_ONCE = 24
SECONDS = 20.0
"""What is not answered by then hangs, but for calls whose time is what was asked for."""
PATIENT = ("WaitOperation", "Watch", "InvertImage", "ExplainImage", "StreamExplanation")
"""Calls that may rightly take as long as their deadline lets them."""
PATIENT_SECONDS = 1.0
SEVERAL = ("StreamEdits", "ServerReflectionInfo")
"""Calls that take a stream of requests."""
TELLING = ("Watch", "StreamExplanation", "DownloadAudit")
"""Calls that answer with a stream."""
DEFECTS = (grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN)


@dataclass(frozen=True)
class Plan:
    """goods: call -> module and name of its request, and a good one in base64."""

    target: str
    requests: int
    seed: int
    goods: dict[str, tuple[str, str, str]]

    @classmethod
    def of(cls, target: str, requests: int, seed: int, goods: dict[str, Message]) -> "Plan":
        told = {}
        for call, good in goods.items():
            data = base64.b64encode(good.SerializeToString()).decode()
            told[call] = (type(good).__module__, type(good).__name__, data)
        return cls(target, requests, seed, told)

    def messages(self) -> dict[str, Message]:
        return {
            call: getattr(import_module(module), name).FromString(base64.b64decode(data))
            for call, (module, name, data) in self.goods.items()
        }


@dataclass
class Told:
    """answers: how often each call ended with each code. defects, hangs: call and seed of each."""

    answers: Counter[str] = field(default_factory=Counter)
    defects: list[list[object]] = field(default_factory=list)
    hangs: list[list[object]] = field(default_factory=list)
    seconds: float = 0.0


async def flood(plan: Plan) -> Told:
    told, goods = Told(), plan.messages()
    calls, words = sorted(goods), words_of(goods.values())
    todo = iter(range(plan.requests))
    began = time.monotonic()
    talking = grpc.insecure_channel(plan.target)
    async with grpc.aio.insecure_channel(plan.target) as channel:

        async def ask_on() -> None:
            for i in todo:
                chance = random.Random(plan.seed + i)
                call = calls[i % len(calls)]
                several = call.endswith(SEVERAL)
                made = Hostility(words, chance)
                requests = [
                    made.request(goods[call])
                    for _ in range(chance.choice((1, 1, 2, 4)) if several else 1)
                ]
                code = await _ask(channel, talking, call, requests)
                told.answers[f"{call} {code.name}"] += 1
                if code in DEFECTS:
                    told.defects.append([call, plan.seed + i, code.name])
                elif code is grpc.StatusCode.DEADLINE_EXCEEDED and not call.endswith(PATIENT):
                    told.hangs.append([call, plan.seed + i])

        await asyncio.gather(*(ask_on() for _ in range(AT_ONCE)))
    talking.close()
    told.seconds = time.monotonic() - began
    return told


async def _ask(
    channel: grpc.aio.Channel, talking: grpc.Channel, call: str, requests: list[bytes]
) -> grpc.StatusCode:
    timeout = PATIENT_SECONDS if call.endswith(PATIENT) else SECONDS
    try:
        if call.endswith(SEVERAL):
            return await asyncio.to_thread(_converse, talking, call, requests)
        if call.endswith(TELLING):
            async for _ in channel.unary_stream(call)(requests[0], timeout=timeout):
                pass
        else:
            await channel.unary_unary(call)(requests[0], timeout=timeout)
    except grpc.aio.AioRpcError as error:
        return error.code()
    return grpc.StatusCode.OK


def _converse(channel: grpc.Channel, call: str, requests: list[bytes]) -> grpc.StatusCode:
    """With grpc's threads: grpc.aio itself says INTERNAL where the server has refused the first
    request before the second was sent."""
    try:
        for _ in channel.stream_stream(call)(iter(requests), timeout=SECONDS):
            pass
    except grpc.RpcError as error:
        return error.code()
    return grpc.StatusCode.OK


def main() -> None:
    plan = Plan(**json.loads(Path(sys.argv[1]).read_text()))
    told = asyncio.run(flood(plan))
    Path(sys.argv[2]).write_text(json.dumps(vars(told)))


if __name__ == "__main__":
    main()
