"""Signatures of heads: Ed25519, with a key that only the writers have."""

import base64
from collections.abc import Callable
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from directrix.errors import InvalidField


def signer(file: Path) -> Callable[[bytes], str]:
    """Of a PEM file as `openssl genpkey -algorithm ed25519` makes it. Raises InvalidField."""
    try:
        key = load_pem_private_key(file.read_bytes(), password=None)
    except (OSError, ValueError, TypeError) as error:
        raise InvalidField("the trail's key cannot be read", field="trail_key_file") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise InvalidField("the trail's key is not of Ed25519", field="trail_key_file")
    return lambda data: base64.b64encode(key.sign(data)).decode()


def checker(public: bytes) -> Callable[[bytes, str], bool]:
    """By the public key in PEM. Raises InvalidField."""
    try:
        key = load_pem_public_key(public)
    except ValueError as error:
        raise InvalidField("this is no public key in PEM", field="key") from error
    if not isinstance(key, Ed25519PublicKey):
        raise InvalidField("this is no public key of Ed25519", field="key")

    def check(data: bytes, signature: str) -> bool:
        try:
            key.verify(base64.b64decode(signature, validate=True), data)
        except (InvalidSignature, ValueError):
            return False
        return True

    return check
