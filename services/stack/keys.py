"""Secrets of one run, drawn anew at each start."""

import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path


def _draw() -> str:
    return secrets.token_hex(24)


@dataclass(frozen=True)
class Secrets:
    """Each is 48 hexadecimal digits; none is written outside files that only the owner reads."""

    inference: str = field(default_factory=_draw)
    broker: str = field(default_factory=_draw)
    access_key: str = field(default_factory=_draw)
    secret_key: str = field(default_factory=_draw)
    page_tokens: str = field(default_factory=_draw)
    store_internals: str = field(default_factory=_draw)


def write_private(file: Path, text: str) -> Path:
    """Replaces `file` with one that only its owner may read."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    file.unlink(missing_ok=True)
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as out:
        out.write(text)
    return file
