"""`python health.py gateway|serving|worker [SERVICE]`: is this container's own process well?

Exit status 0 or 1. Gateway and serving are asked by gRPC's health protocol, on the port that their
settings name; the worker has no port: its heartbeat must be young. Nothing here asks a neighbour.
"""

import os
import sys
import time

SECONDS = 3.0
OLDEST = 30.0
"""Age of a heartbeat, in seconds, beyond which its worker is stuck."""
PORTS = {
    "gateway": "127.0.0.1:" + os.environ.get("DIRECTRIX_GATEWAY_PORT", "50051"),
    "serving": os.environ.get("DIRECTRIX_INFERENCE_TARGET", "127.0.0.1:50061"),
}


def serves(address: str, service: str) -> bool:
    """The gRPC health service says SERVING."""
    import grpc
    from grpc_health.v1 import health_pb2, health_pb2_grpc

    target = "127.0.0.1:" + address.rpartition(":")[2]
    with grpc.insecure_channel(target) as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        try:
            answer = stub.Check(health_pb2.HealthCheckRequest(service=service), timeout=SECONDS)
        except grpc.RpcError:
            return False
    return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)


def beats(path: str) -> bool:
    """The file was touched not long ago."""
    try:
        return time.time() - os.stat(path).st_mtime < OLDEST
    except OSError:
        return False


def main(arguments: list[str]) -> int:
    name, service = arguments[0], "".join(arguments[1:2])
    if name == "worker":
        well = beats(os.environ.get("DIRECTRIX_WORKER_HEARTBEAT", ""))
    else:
        well = serves(PORTS[name], service)
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
