"""Where the gateway may listen: every combination that would let anybody in does not start."""

from pathlib import Path

import pytest

from directrix.errors import InvalidField
from services.access import Identities
from services.access.keys import add_key
from services.access.principal import Scope
from services.gateway.listening import check_listening, is_loopback, server_credentials
from services.settings import Settings

BEYOND = ["0.0.0.0", "[::]", "::", "192.0.2.1", "example.org", ""]


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    add_key(tmp_path / "keys.json", {"shoes": frozenset({Scope.EDIT})})
    return tmp_path / "keys.json"


def check(**settings: object) -> None:
    found = Settings(**settings)
    check_listening(found, Identities.of(found))


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "localhost", "::1", "[::1]"])
def test_loopback_needs_nothing(host: str, keys: Path) -> None:
    assert is_loopback(host)
    check(gateway_host=host)
    check(gateway_host=host, access_keys=keys)


@pytest.mark.parametrize("host", BEYOND)
def test_nobody_is_let_in_from_beyond_without_authentication(host: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidField, match="without authentication") as caught:
        check(gateway_host=host)
    assert caught.value.field == "gateway_host"
    with pytest.raises(InvalidField, match="without authentication"):
        check(gateway_host=host, gateway_certificate=tmp_path / "c", gateway_key=tmp_path / "k")


@pytest.mark.parametrize("host", BEYOND)
@pytest.mark.parametrize("which", ["gateway_host", "gateway_admin_host"])
def test_no_credentials_cross_the_network_in_the_clear(host: str, which: str, keys: Path) -> None:
    with pytest.raises(InvalidField, match="in the clear") as caught:
        check(access_keys=keys, **{which: host})
    assert caught.value.field == which
    pair = {"gateway_certificate": keys, "gateway_key": keys}
    check(access_keys=keys, **{which: host}, **pair)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (("gateway_certificate",), "TLS takes both"),
        (("gateway_key",), "TLS takes both"),
        (("gateway_client_ca",), "need TLS"),
        (("access_clients",), "nobody checks"),
    ],
)
def test_halves_are_refused(settings: tuple[str, ...], words: str, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text('{"clients": {}}')
    with pytest.raises(InvalidField, match=words):
        check(**dict.fromkeys(settings, file))


def test_files_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidField, match="nothing-there"):
        server_credentials(
            Settings(gateway_certificate=tmp_path / "nothing-there", gateway_key=tmp_path / "k")
        )
    (tmp_path / "der").write_bytes(b"\x30\x82")
    with pytest.raises(InvalidField, match="not in PEM form"):
        server_credentials(
            Settings(gateway_certificate=tmp_path / "der", gateway_key=tmp_path / "der")
        )
    assert server_credentials(Settings()) is None
    for field in ("access_keys", "access_clients", "token_keys"):
        extra = {"token_issuer": "i", "token_audience": "a"} if field == "token_keys" else {}
        with pytest.raises(InvalidField, match="nothing-there"):
            Identities.of(Settings(**{field: tmp_path / "nothing-there"}, **extra))
    with pytest.raises(InvalidField, match="one issuer"):
        Identities.of(Settings(token_keys=tmp_path / "der"))
