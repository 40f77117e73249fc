"""API keys: "dx_<id>_<secret>". Their file holds hashes, never a key.

The secret is 256 random bits, which nobody can guess or list: one SHA-256 of it is enough, and a
slow hash would only make callers wait.
"""

import hashlib
import hmac
import os
import re
import secrets
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from pydantic import AwareDatetime, BaseModel, ConfigDict

from directrix.errors import InvalidField, ObjectNotFound, Unauthenticated
from services.access.principal import Grants, Principal
from services.access.watched import Watched

PREFIX = "dx_"
_KEY = re.compile(r"dx_([0-9a-f]{12})_([A-Za-z0-9_-]{43})")
_NOBODY = "0" * 64


class KeyRecord(BaseModel):
    """A key as it is stored. sha256: of its secret, in hexadecimal."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    sha256: str
    projects: Grants
    note: str = ""
    created: AwareDatetime
    expires: AwareDatetime | None = None
    revoked: AwareDatetime | None = None


class KeyFile(BaseModel):
    """All keys, also those that were revoked: what they did stays in logs."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    keys: tuple[KeyRecord, ...] = ()


class ApiKeys:
    """Keys of a file; revoking one takes effect as soon as the file is written."""

    def __init__(
        self,
        file: Watched[dict[str, KeyRecord]],
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ):
        self._file = file
        self._clock = clock

    def identify(self, text: str) -> Principal:
        """Raises Unauthenticated. How long it takes says nothing about the secret."""
        match = _KEY.fullmatch(text)
        record = self._file.value.get(match[1]) if match else None
        right = hmac.compare_digest(
            _hash(match[2] if match else ""), record.sha256 if record else _NOBODY
        )
        if record is None or not right:
            raise Unauthenticated("the API key is not accepted")
        now = self._clock()
        if record.revoked is not None and record.revoked <= now:
            raise Unauthenticated("the API key was revoked")
        if record.expires is not None and record.expires <= now:
            raise Unauthenticated("the API key has expired")
        return Principal(f"key:{record.id}", record.projects)


def read_keys(data: bytes) -> dict[str, KeyRecord]:
    """Keys by their ids. Raises ValueError."""
    return {record.id: record for record in KeyFile.model_validate_json(data).keys}


def add_key(
    path: Path,
    projects: Grants,
    note: str = "",
    expires: datetime | None = None,
    now: datetime | None = None,
) -> str:
    """A new key, which is written nowhere but into the answer; its record goes into the file."""
    id, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
    record = KeyRecord(
        id=id,
        sha256=_hash(secret),
        projects=projects,
        note=note,
        created=now or datetime.now(UTC),
        expires=expires,
    )
    file = load(path)
    _write(path, KeyFile(keys=(*file.keys, record)))
    return f"{PREFIX}{id}_{secret}"


def revoke_key(path: Path, id: str, now: datetime | None = None) -> None:
    """Raises ObjectNotFound where there is no such key."""
    file = load(path)
    if id not in {record.id for record in file.keys}:
        raise ObjectNotFound(f"there is no API key {id}", key=id)
    time = now or datetime.now(UTC)
    changed = (
        record.model_copy(update={"revoked": record.revoked or time}) if record.id == id else record
        for record in file.keys
    )
    _write(path, KeyFile(keys=tuple(changed)))


def load(path: Path) -> KeyFile:
    """An absent file has no keys. Raises InvalidField for one that cannot be read."""
    try:
        return KeyFile.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return KeyFile()
    except (OSError, ValueError) as error:
        raise InvalidField(f"{path} is no file of API keys", field="file") from error


def _write(path: Path, file: KeyFile) -> None:
    """Whole or not at all, for its owner only."""
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(handle, "w") as out:
        out.write(file.model_dump_json(indent=2) + "\n")
        out.flush()
        os.fsync(out.fileno())
    Path(draft).replace(path)


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
