"""Keys, key sets and tokens, good ones and bad ones, for tests of access."""

import base64
import hashlib
import hmac
import json
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

ISSUER, AUDIENCE, CLAIM = "https://issuer.example", "directrix", "directrix_projects"


@dataclass
class Signer:
    """Three private keys, and the set of their public ones."""

    private: dict[str, Any] = field(
        default_factory=lambda: {
            "RS256": rsa.generate_private_key(65537, 2048),
            "ES256": ec.generate_private_key(ec.SECP256R1()),
            "EdDSA": ed25519.Ed25519PrivateKey.generate(),
        }
    )

    def jwks(self) -> dict[str, Any]:
        writers = {"RS256": RSAAlgorithm, "ES256": ECAlgorithm, "EdDSA": OKPAlgorithm}
        return {
            "keys": [
                {**writers[name].to_jwk(key.public_key(), as_dict=True), "kid": name, "use": "sig"}
                for name, key in self.private.items()
            ]
        }

    def write(self, path: Path) -> Path:
        path.write_text(json.dumps(self.jwks()))
        return path

    def token(
        self, projects: object, algorithm: str = "ES256", kid: str | None = "", **claims: object
    ) -> str:
        """claims: None takes one away."""
        headers = {"kid": kid or algorithm} if kid is not None else {}
        payload = {k: v for k, v in {**_claims(projects), **claims}.items() if v is not None}
        return jwt.encode(payload, self.private[algorithm], algorithm, headers)

    def unsigned(self, projects: object) -> str:
        """What a library that believes `none` would take."""
        return jwt.encode(_claims(projects), "", "none", {"kid": "RS256"})

    def forged(self, projects: object) -> str:
        """Signed with the public key as if it were a shared secret."""
        public = self.private["RS256"].public_key()
        secret = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        head = _b64(json.dumps({"alg": "HS256", "typ": "JWT", "kid": "RS256"}).encode())
        body = _b64(json.dumps(_claims(projects)).encode())
        seal = hmac.digest(secret, f"{head}.{body}".encode(), hashlib.sha256)
        return f"{head}.{body}.{_b64(seal)}"


def _claims(projects: object) -> dict[str, object]:
    return {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "product-7",
        "exp": int(time.time()) + 600,
        CLAIM: projects,
    }


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
