"""Callers that mean harm do none to the others: fuzz, floods of connections, slow readers."""

import socket
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from grpc_health.v1 import health_pb2_grpc

from directrix.v1.editing_service_pb2 import EditImageResponse
from tests.benchmarks.bench_fuzz import rounds
from tests.integration.gateway.conftest import serving
from tests.integration.gateway.malformed import BASES, EDIT, STREAM
from tests.integration.gateway.test_malformed import ask
from tests.integration.gateway.world import Scene, scene
from tests.integration.servers import wait_for

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """Of its own: hostile requests may cancel and delete what others wait for."""
    with scene(tmp_path_factory.mktemp("hostile")) as running:
        stub = health_pb2_grpc.HealthStub(running.channel)
        wait_for(lambda: serving(stub, ""), 120)
        yield running


@pytest.fixture(autouse=True)
def edits_stay_as_they_are(live: Scene) -> Iterator[None]:
    before = _edit(live)
    yield
    assert _edit(live) == before


def _edit(live: Scene) -> str:
    return EditImageResponse.FromString(ask(live, EDIT, BASES[EDIT](live))).image.digest


def test_a_fuzzed_request_is_never_a_defect_and_never_hangs(live: Scene, tmp_path: Path) -> None:
    """The same as `make bench B=fuzz`, of other seeds and shorter."""
    (told,) = rounds(live, tmp_path, requests=1500, count=1, seed=9_001)
    assert told["defects"] == [] and told["hangs"] == []
    codes = Counter()
    for key, count in told["answers"].items():
        codes[key.rpartition(" ")[2]] += count
    assert sum(codes.values()) == 1500
    assert codes["OK"] > 100 and codes["INVALID_ARGUMENT"] > 500 and codes["NOT_FOUND"] > 10


def test_connections_that_say_nothing_or_half_a_word(live: Scene) -> None:
    host, _, port = live.target.partition(":")
    with ExitStack() as held:
        for i in range(400):
            each = held.enter_context(socket.create_connection((host, int(port)), timeout=5))
            each.sendall((b"", PREFACE, PREFACE[: i % 24], b"GET / HTTP/1.1\r\n")[i % 4])
        assert len(_edit(live)) == 64


def test_a_reader_that_never_reads(live: Scene) -> None:
    """Streams of edits whose answers nobody takes."""
    with ExitStack() as held:
        for _ in range(30):
            request = BASES[STREAM](live).SerializeToString()
            stream = live.channel.stream_stream(STREAM)(iter([request] * 50), timeout=20)
            held.callback(stream.cancel)
        assert len(_edit(live)) == 64
