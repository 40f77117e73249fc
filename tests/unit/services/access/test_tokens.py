"""Tokens: three algorithms get in, and nothing that only looks like one of them."""

import json
import os
import time
from pathlib import Path

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from directrix.errors import Unauthenticated, Unavailable
from services.access.principal import Scope
from services.access.tokens import Tokens, read_jwks
from services.access.watched import Watched
from tests.unit.services.access.credentials import AUDIENCE, CLAIM, ISSUER, Signer

GRANTS = {"shoes": ["edit", "explain"]}
SIGNER = Signer()


@pytest.fixture
def tokens(tmp_path: Path) -> Tokens:
    file = Watched(SIGNER.write(tmp_path / "jwks.json"), read_jwks, "file of token keys")
    return Tokens(file, ISSUER, AUDIENCE, 5.0, CLAIM)


@pytest.mark.parametrize("algorithm", ["RS256", "ES256", "EdDSA"])
def test_a_good_token_says_who_and_what_for(tokens: Tokens, algorithm: str) -> None:
    caller = tokens.identify(SIGNER.token(GRANTS, algorithm))
    assert caller.subject == "token:product-7"
    assert caller.scopes("shoes") == {Scope.EDIT, Scope.EXPLAIN}
    assert caller.scopes("bags") == frozenset()


BAD = {
    "expired": lambda: SIGNER.token(GRANTS, exp=int(time.time()) - 6),
    "not yet": lambda: SIGNER.token(GRANTS, nbf=int(time.time()) + 60),
    "audience": lambda: SIGNER.token(GRANTS, aud="another"),
    "issuer": lambda: SIGNER.token(GRANTS, iss="https://elsewhere.example"),
    "no expiry": lambda: SIGNER.token(GRANTS, exp=None),
    "no audience": lambda: SIGNER.token(GRANTS, aud=None),
    "no issuer": lambda: SIGNER.token(GRANTS, iss=None),
    "no subject": lambda: SIGNER.token(GRANTS, sub=None),
    "no grants": lambda: SIGNER.token(None),
    "unknown scope": lambda: SIGNER.token({"shoes": ["root"]}),
    "no project": lambda: SIGNER.token({"../shoes": ["edit"]}),
    "grants of another shape": lambda: SIGNER.token("shoes:edit"),
    "unknown key": lambda: SIGNER.token(GRANTS, kid="another"),
    "no key named": lambda: SIGNER.token(GRANTS, kid=None),
    "another's key": lambda: Signer().token(GRANTS),
    "key of another kind": lambda: SIGNER.token(GRANTS, "ES256", kid="RS256"),
    "none": lambda: SIGNER.unsigned(GRANTS),
    "public key as secret": lambda: SIGNER.forged(GRANTS),
    "cut": lambda: SIGNER.token(GRANTS)[:-4],
    "garbage": lambda: "xyzzy.plugh.plover",
    "nothing": lambda: "",
}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
def test_a_bad_token_is_refused_in_words_without_it(tokens: Tokens, bad) -> None:
    token = bad()
    with pytest.raises(Unauthenticated) as caught:
        tokens.identify(token)
    assert not any(part and part in caught.value.message for part in token.split("."))


def test_clocks_may_differ_by_the_leeway(tokens: Tokens) -> None:
    assert tokens.identify(SIGNER.token(GRANTS, exp=int(time.time()) - 2)).subject


def test_a_token_that_was_checked_still_ends(tmp_path: Path) -> None:
    file = Watched(SIGNER.write(tmp_path / "jwks.json"), read_jwks, "file of token keys")
    now = time.time()
    tokens = Tokens(file, ISSUER, AUDIENCE, 0.0, CLAIM, clock=lambda: now)
    token = SIGNER.token(GRANTS, exp=int(now) + 2)
    assert tokens.identify(token) is tokens.identify(token)
    assert tokens.identify(SIGNER.token(GRANTS, exp=int(now) + 2)) is not tokens.identify(token)
    time.sleep(3)
    now += 3
    with pytest.raises(Unauthenticated, match="expired"):
        tokens.identify(token)


def test_keys_are_exchanged_while_it_runs(tmp_path: Path) -> None:
    path = SIGNER.write(tmp_path / "jwks.json")
    tokens = Tokens(Watched(path, read_jwks, "file"), ISSUER, AUDIENCE, 0.0, CLAIM)
    tokens.identify(SIGNER.token(GRANTS))
    other = Signer()
    other.write(path)
    assert tokens.identify(other.token(GRANTS)).subject == "token:product-7"
    with pytest.raises(Unauthenticated):
        tokens.identify(SIGNER.token(GRANTS))
    path.write_text("{")
    with pytest.raises(Unavailable):
        tokens.identify(other.token(GRANTS))
    os.unlink(path)
    with pytest.raises(Unavailable):
        tokens.identify(other.token(GRANTS))


def _jwk(**changes: object) -> bytes:
    entry = {**SIGNER.jwks()["keys"][1], **changes}
    return json.dumps({"keys": [entry]}).encode()


short = RSAAlgorithm.to_jwk(rsa.generate_private_key(65537, 1024).public_key(), as_dict=True)
p384 = ECAlgorithm.to_jwk(ec.generate_private_key(ec.SECP384R1()).public_key(), as_dict=True)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b'{"keys": {}}',
        b'{"keys": []}',
        _jwk(use="enc"),
        _jwk(kty="teapot"),
        json.dumps({"keys": [{"kty": "oct", "k": "c2VjcmV0", "kid": "a"}]}).encode(),
        json.dumps({"keys": [short]}).encode(),
        json.dumps({"keys": [p384]}).encode(),
        json.dumps({"keys": SIGNER.jwks()["keys"][:1] * 2}).encode(),
    ],
    ids=["empty", "list", "no-list", "none", "encryption", "unknown", "shared-secret", "short-rsa",
         "p384", "twice"],
)  # fmt: skip
def test_key_sets_that_cannot_be_used_are_refused(data: bytes) -> None:
    with pytest.raises(ValueError):
        read_jwks(data)


def test_keys_for_encryption_are_left_out() -> None:
    entries = SIGNER.jwks()["keys"]
    data = json.dumps({"keys": [{**entries[0], "use": "enc"}, entries[1]]}).encode()
    assert set(read_jwks(data)) == {"ES256"}


def test_the_only_key_needs_no_name(tmp_path: Path) -> None:
    path = tmp_path / "jwks.json"
    path.write_bytes(_jwk())
    tokens = Tokens(Watched(path, read_jwks, "file"), ISSUER, AUDIENCE, 0.0, CLAIM)
    assert tokens.identify(SIGNER.token(GRANTS, kid=None)).scopes("shoes")
    assert jwt.get_unverified_header(SIGNER.token(GRANTS, kid=None)).get("kid") is None
