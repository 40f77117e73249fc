"""The secret that every internal call carries."""

import hmac
from collections.abc import Iterable

from services.inference.channel import SECRET_KEY


def admits(secret: str, metadata: Iterable[tuple[str, str | bytes]]) -> bool:
    """Whether a call may enter; with an empty secret every call may."""
    if not secret:
        return True
    given = [value for key, value in metadata if key == SECRET_KEY]
    return len(given) == 1 and hmac.compare_digest(_bytes(given[0]), secret.encode())


def _bytes(value: str | bytes) -> bytes:
    return value if isinstance(value, bytes) else value.encode()
