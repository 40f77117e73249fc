"""What a call carries, and who is taken to make it."""

import json
from pathlib import Path

import pytest

from directrix.errors import Unauthenticated
from services.access import ALL_SCOPES, Identities, Scope
from services.access.keys import add_key
from services.settings import Settings
from tests.unit.services.access.credentials import AUDIENCE, ISSUER, Signer

SHOES = {"shoes": frozenset({Scope.EDIT})}


def bearer(text: str) -> tuple[tuple[str, str]]:
    return (("authorization", text),)


def test_in_the_open_mode_everybody_may_do_everything_in_the_one_project() -> None:
    found = Identities.of(Settings(project="only"))
    assert found.open
    for metadata in ((), bearer("Bearer nonsense")):
        caller = found.bearer(metadata)
        assert caller is not None
        assert (caller.subject, caller.scopes("only")) == ("anonymous", ALL_SCOPES)
        assert caller.scopes("default") == frozenset()


def test_tokens_and_keys_are_told_apart(tmp_path: Path) -> None:
    key, signer = add_key(tmp_path / "keys.json", SHOES), Signer()
    both = Identities.of(
        Settings(
            access_keys=tmp_path / "keys.json",
            token_keys=signer.write(tmp_path / "jwks.json"),
            token_issuer=ISSUER,
            token_audience=AUDIENCE,
        )
    )
    assert not both.open
    assert both.bearer(bearer(f"Bearer {key}")).subject.startswith("key:")
    assert both.bearer(bearer(f"bearer {signer.token({})}")).subject == "token:product-7"
    assert both.bearer(()) is None
    only_keys = Identities.of(Settings(access_keys=tmp_path / "keys.json"))
    with pytest.raises(Unauthenticated, match="not accepted here"):
        only_keys.bearer(bearer(f"Bearer {signer.token({})}"))


@pytest.mark.parametrize(
    "metadata",
    [
        bearer(""),
        bearer("Bearer"),
        bearer("Bearer "),
        bearer("Basic dXNlcjpwYXNz"),
        bearer("Bearer " + "a" * 9000),
        bearer("Bearer a") + bearer("Bearer b"),
        (("authorization", b"Bearer a"),),
    ],
)
def test_what_is_no_authorization_is_refused(metadata, tmp_path: Path) -> None:
    add_key(tmp_path / "keys.json", SHOES)
    with pytest.raises(Unauthenticated):
        Identities.of(Settings(access_keys=tmp_path / "keys.json")).bearer(metadata)


def test_certificates_are_known_by_their_names(tmp_path: Path) -> None:
    path = tmp_path / "clients.json"
    path.write_text(
        json.dumps({"clients": {"studio": {"shoes": ["edit"]}, "cn": {"*": ["admin"]}}})
    )
    found = Identities.of(Settings(access_clients=path))
    caller = found.peer({"x509_subject_alternative_name": [b"other", b"studio"]})
    assert (caller.subject, caller.scopes("shoes")) == ("certificate:studio", {Scope.EDIT})
    operator = found.peer({"x509_common_name": [b"cn"]})
    assert operator.scopes("whatever") == {Scope.ADMIN}
    # a name that the authority put into the certificate counts before the one in its subject
    with pytest.raises(Unauthenticated, match="nobody who is listed"):
        found.peer({"x509_subject_alternative_name": [b"x"], "x509_common_name": [b"cn"]})
    with pytest.raises(Unauthenticated, match="says nothing"):
        found.peer({})
