"""One running scene for all tests of this folder."""

from collections.abc import Iterator

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from tests.integration.gateway.world import Scene, scene
from tests.integration.servers import wait_for


@pytest.fixture(scope="session")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with scene(tmp_path_factory.mktemp("gateway")) as running:
        stub = health_pb2_grpc.HealthStub(running.channel)
        wait_for(lambda: serving(stub, ""), 120)
        yield running


def serving(stub: health_pb2_grpc.HealthStub, service: str) -> bool:
    try:
        answer = stub.Check(health_pb2.HealthCheckRequest(service=service), timeout=5)
    except grpc.RpcError:
        return False
    return answer.status == health_pb2.HealthCheckResponse.SERVING
