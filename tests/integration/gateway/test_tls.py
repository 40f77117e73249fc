"""TLS and client certificates over a real gateway: through the client, and the command."""

import json
import socket
import ssl
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import grpc
import pytest
import trustme
from grpc_health.v1 import health_pb2_grpc
from typer.testing import CliRunner

from directrix.cli.app import app
from directrix.cli.exits import Exit
from directrix.client import AccessDenied, Client, Credentials, NotFound, Unavailable
from services.access import Scope
from services.access.keys import add_key
from services.gateway.scopes import REFLECTION
from tests.integration.gateway.conftest import serving
from tests.integration.gateway.malformed import LIST_MODELS
from tests.integration.gateway.world import Scene, scene
from tests.integration.servers import wait_for

STUDIO, STRANGER = "studio.internal", "stranger.internal"


@dataclass
class Place:
    """A gateway that wants certificates of `authority`, and files for callers."""

    live: Scene
    folder: Path
    authority: trustme.CA

    def credentials(self, name: str = "studio", **more: Path) -> Credentials:
        certificate, key = self.folder / f"{name}.pem", self.folder / f"{name}.key"
        return Credentials(ca=self.folder / "ca.pem", certificate=certificate, key=key, **more)

    def client(self, credentials: Credentials, project: str = "default") -> Client:
        return Client(self.live.target, project, 10.0, credentials)


def _write(folder: Path, name: str, leaf: trustme.LeafCert) -> None:
    (folder / f"{name}.pem").write_bytes(b"".join(blob.bytes() for blob in leaf.cert_chain_pems))
    (folder / f"{name}.key").write_bytes(leaf.private_key_pem.bytes())


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder, authority, other = tmp_path_factory.mktemp("tls"), trustme.CA(), trustme.CA()
    authority.cert_pem.write_to_path(folder / "ca.pem")
    other.cert_pem.write_to_path(folder / "other-ca.pem")
    _write(folder, "server", authority.issue_cert("127.0.0.1", "localhost"))
    _write(folder, "studio", authority.issue_cert(STUDIO))
    _write(folder, "stranger", authority.issue_cert(STRANGER))
    _write(folder, "foreign", other.issue_cert(STUDIO))
    past = datetime.now(UTC) - timedelta(days=1)
    _write(folder, "stale", authority.issue_cert(STUDIO, not_after=past))
    clients = {STUDIO: {"default": ["edit"]}}
    (folder / "clients.json").write_text(json.dumps({"clients": clients}))
    key = add_key(folder / "keys.json", {"default": frozenset({Scope.ADMIN})})
    (folder / "key").write_text(key)
    access = {
        "gateway_certificate": folder / "server.pem",
        "gateway_key": folder / "server.key",
        "gateway_client_ca": folder / "ca.pem",
        "access_clients": folder / "clients.json",
        "access_keys": folder / "keys.json",
        "gateway_health_port": 0,
    }
    with scene(folder, listed=False, **access) as live:
        yield Place(live, folder, authority)


def test_a_listed_certificate_gets_what_it_is_listed_for(place: Place) -> None:
    with place.client(place.credentials()) as client:
        assert "toy" in {model.id for model in client.models()}
        with pytest.raises(AccessDenied) as caught:
            client.discover("toy", "axes")
        assert caught.value.reason == "PERMISSION_DENIED"
    with place.client(place.credentials(), "bags") as client, pytest.raises(AccessDenied):
        client.models()


def test_a_key_counts_more_than_the_certificate_that_carries_it(place: Place) -> None:
    credentials = place.credentials("stranger", token_file=place.folder / "key")
    with Client(place.live.admin_target, "default", 10.0, credentials) as client:
        assert client.models()
        with pytest.raises(NotFound):
            client.model("nothing")
        with pytest.raises(AccessDenied):
            client.edit("toy", seed=1)


def test_an_unlisted_certificate_is_nobody(place: Place) -> None:
    with place.client(place.credentials("stranger")) as client:
        with pytest.raises(AccessDenied) as caught:
            client.models()
        assert (caught.value.code, caught.value.reason) == (
            grpc.StatusCode.UNAUTHENTICATED,
            "UNAUTHENTICATED",
        )


@pytest.mark.parametrize("name", ["foreign", "stale"])
def test_certificates_that_do_not_hold_end_the_handshake(place: Place, name: str) -> None:
    with place.client(place.credentials(name)) as client, pytest.raises(Unavailable):
        client.models()


def test_no_certificate_no_tls_and_another_server_are_refused(place: Place) -> None:
    for credentials in (
        Credentials(ca=place.folder / "ca.pem"),
        Credentials(),
        Credentials(
            ca=place.folder / "other-ca.pem",
            certificate=place.folder / "studio.pem",
            key=place.folder / "studio.key",
        ),
    ):
        with place.client(credentials) as client, pytest.raises(Unavailable):
            client.models()


def test_probes_without_a_certificate_may_ask_after_health_only(place: Place) -> None:
    with grpc.insecure_channel(f"127.0.0.1:{place.live.gateway.health_port}") as channel:
        wait_for(lambda: serving(health_pb2_grpc.HealthStub(channel), ""), 120)
        for call in (LIST_MODELS, REFLECTION):
            with pytest.raises(grpc.RpcError) as caught:
                channel.unary_unary(call)(b"", timeout=5)
            assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED


def test_the_command_takes_files_and_says_what_is_wrong(place: Place) -> None:
    base = ["--endpoint", place.live.target, "--ca", str(place.folder / "ca.pem")]

    def run(name: str, *command: str) -> tuple[int, str]:
        pair = [str(place.folder / f"{name}.pem"), str(place.folder / f"{name}.key")]
        done = CliRunner().invoke(app, [*base, "--cert", pair[0], "--key", pair[1], *command])
        return done.exit_code, done.output

    code, output = run("studio", "models", "list")
    assert (code, "toy" in output) == (Exit.OK, True)
    code, output = run("stranger", "models", "list")
    assert (code, "--token-file" in output) == (Exit.DENIED, True)
    code, output = run("studio", "discover", "run", "axes", "-g", "toy")
    assert (code, "PERMISSION_DENIED" in output) == (Exit.DENIED, True)


def test_a_renewed_certificate_is_shown_at_the_next_handshake(place: Place) -> None:
    def shown() -> bytes:
        context = ssl.create_default_context(cafile=str(place.folder / "ca.pem"))
        context.load_cert_chain(place.folder / "studio.pem", place.folder / "studio.key")
        host, _, port = place.live.target.rpartition(":")
        with (
            socket.create_connection((host, int(port)), 10) as plain,
            context.wrap_socket(plain, server_hostname="localhost") as secure,
        ):
            return secure.getpeercert(True)

    before = shown()
    _write(place.folder, "server", place.authority.issue_cert("127.0.0.1", "localhost"))
    end = time.monotonic() + 10
    while shown() == before:
        assert time.monotonic() < end
    with place.client(place.credentials()) as client:
        assert client.models()
