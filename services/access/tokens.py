"""Tokens: JWTs that somebody else signs, checked against a file of public keys.

Accepted are RS256, ES256 and EdDSA, each with its own kind of key, so that neither `none` nor a
public key taken for a shared secret gets through; issuer, audience, subject and expiry have to be
there and right.
"""

import hashlib
import json
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping

import jwt
from jwt import PyJWK

from directrix.errors import Unauthenticated
from services.access.principal import Principal, read_grants
from services.access.watched import Watched

ALGORITHMS = frozenset({"RS256", "ES256", "EdDSA"})
FEWEST_RSA_BITS = 2048
MOST_CHECKED = 4096
"""Tokens whose signatures need no second look."""
_REQUIRED = ["exp", "iss", "aud", "sub"]


class Tokens:
    """leeway: seconds that clocks may differ. claim: the one that holds scopes by project."""

    def __init__(
        self,
        keys: Watched[Mapping[str, PyJWK]],
        issuer: str,
        audience: str,
        leeway: float,
        claim: str,
        clock: Callable[[], float] = time.time,
    ):
        self._keys = keys
        self._issuer = issuer
        self._audience = audience
        self._leeway = leeway
        self._claim = claim
        self._clock = clock
        self._checked_by: Mapping[str, PyJWK] = {}
        self._checked: OrderedDict[bytes, tuple[Principal, float]] = OrderedDict()

    def identify(self, token: str) -> Principal:
        """Raises Unauthenticated; the message never holds any of the token.

        A signature is checked once, and again after the file of keys has changed.
        """
        keys = self._keys.value
        if keys is not self._checked_by:
            self._checked_by = keys
            self._checked.clear()
        seal = hashlib.sha256(token.encode()).digest()
        known = self._checked.get(seal)
        if known is not None and self._clock() < known[1]:
            return known[0]
        caller, end = self._check(token, keys)
        self._checked[seal] = caller, end
        if len(self._checked) > MOST_CHECKED:
            self._checked.popitem(last=False)
        return caller

    def _check(self, token: str, keys: Mapping[str, PyJWK]) -> tuple[Principal, float]:
        """Who it is, and until when in seconds since 1970."""
        try:
            key = _chosen(keys, jwt.get_unverified_header(token).get("kid"))
            claims = jwt.decode(
                token,
                key,
                algorithms=[key.algorithm_name],
                issuer=self._issuer,
                audience=self._audience,
                leeway=self._leeway,
                options={"require": _REQUIRED},
            )
            caller = Principal(f"token:{claims['sub']}"[:200], read_grants(claims[self._claim]))
            return caller, float(claims["exp"])
        except jwt.ExpiredSignatureError as error:
            raise Unauthenticated("the token has expired") from error
        except (jwt.PyJWTError, KeyError, ValueError) as error:
            raise Unauthenticated("the token is not accepted") from error


def read_jwks(data: bytes) -> Mapping[str, PyJWK]:
    """The keys of a JWKS by their ids; those for other uses are left out. Raises ValueError."""
    try:
        entries = json.loads(data)["keys"]
        usable = [entry for entry in entries if _signs(entry)]
        keys = {str(entry.get("kid", "")): PyJWK(entry) for entry in usable}
    except (KeyError, TypeError, AttributeError, jwt.PyJWTError) as error:
        raise ValueError("no JSON Web Key Set") from error
    if len(keys) < len(usable):
        raise ValueError("two keys have one id")
    for key in keys.values():
        bits = getattr(key.key, "key_size", FEWEST_RSA_BITS) if key.key_type == "RSA" else None
        if key.algorithm_name not in ALGORITHMS or (bits or FEWEST_RSA_BITS) < FEWEST_RSA_BITS:
            raise ValueError(
                "keys are of RS256 (2048 bits or more), ES256 or EdDSA, not of "
                f"{key.algorithm_name}"
            )
    if not keys:
        raise ValueError("there is no key to check signatures with")
    return keys


def _signs(entry: Mapping[str, object]) -> bool:
    """Whether it is a public key for signatures: shared secrets have no place in such a file."""
    if entry.get("kty") == "oct":
        raise ValueError("a shared secret is no public key")
    return entry.get("use", "sig") == "sig"


def _chosen(keys: Mapping[str, PyJWK], kid: object) -> PyJWK:
    """Raises KeyError. A token without a key's id is one of the only key."""
    if kid is None and len(keys) == 1:
        return next(iter(keys.values()))
    return keys[str(kid)]
