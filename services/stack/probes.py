"""Is a part ready? One quick look each, never raising."""

from contextlib import closing

import grpc
import redis
import urllib3
from grpc_health.v1 import health_pb2, health_pb2_grpc
from minio import Minio
from minio.error import MinioException
from urllib3.exceptions import HTTPError

from directrix.errors import Unauthenticated
from services.inference.client import BlockingInferenceClient

SECONDS = 1.0


def broker_answers(url: str) -> bool:
    """Valkey or Redis answers to its password."""
    try:
        with closing(redis.Redis.from_url(url, socket_timeout=SECONDS)) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False


def worker_listens(url: str) -> bool:
    """Somebody waits at a queue of the broker."""
    try:
        with closing(redis.Redis.from_url(url, socket_timeout=SECONDS)) as client:
            return any(other["cmd"] == "brpop" for other in client.client_list())
    except redis.RedisError:
        return False


def store_answers(endpoint: str, access: str, secret: str) -> bool:
    """The object store answers to its keys."""
    pool = urllib3.PoolManager(timeout=SECONDS, retries=False)
    store = Minio(endpoint, access, secret, secure=False, region="us-east-1", http_client=pool)
    try:
        store.list_buckets()
    except (MinioException, HTTPError):
        return False
    finally:
        pool.clear()
    return True


def replica_answers(target: str, secret: str, application: str) -> bool:
    """A replica takes calls that carry our secret."""
    try:
        with BlockingInferenceClient(target, secret, application) as client:
            return client.ready(SECONDS)
    except Unauthenticated:
        return False


def serves(target: str, service: str = "") -> bool:
    """The gRPC health service says SERVING."""
    with grpc.insecure_channel(target) as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        try:
            answer = stub.Check(health_pb2.HealthCheckRequest(service=service), timeout=SECONDS)
        except grpc.RpcError:
            return False
    return answer.status == health_pb2.HealthCheckResponse.SERVING
