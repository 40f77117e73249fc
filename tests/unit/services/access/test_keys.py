"""API keys: only hashes are stored, and what was revoked or has expired stays out."""

import json
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from directrix.errors import InvalidField, ObjectNotFound, Unauthenticated
from services.access.keys import ApiKeys, add_key, load, read_keys, revoke_key
from services.access.principal import Scope
from services.access.watched import Watched

GRANTS = {"shoes": frozenset({Scope.EDIT})}
NOW = datetime(2026, 5, 1, tzinfo=UTC)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "keys.json"


def keys(path: Path, now: datetime = NOW) -> ApiKeys:
    return ApiKeys(Watched(path, read_keys, "file of API keys"), lambda: now)


def test_a_key_gets_in_and_only_its_hash_is_stored(path: Path) -> None:
    key = add_key(path, GRANTS, "the studio", now=NOW)
    caller = keys(path).identify(key)
    _, id, secret = key.split("_", 2)
    assert (caller.subject, caller.scopes("shoes")) == (f"key:{id}", {Scope.EDIT})
    assert secret not in path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_every_key_is_another(path: Path) -> None:
    made = [add_key(path, GRANTS) for _ in range(5)]
    assert len(set(made)) == len(load(path).keys) == 5
    assert all(keys(path).identify(key).scopes("shoes") for key in made)


def test_a_wrong_secret_an_unknown_id_and_no_key_are_refused_alike(path: Path) -> None:
    key, other = add_key(path, GRANTS), add_key(path, GRANTS)
    swapped = "_".join([*key.split("_", 2)[:2], other.split("_", 2)[2]])
    unknown = "_".join(["dx", "0" * 12, key.split("_", 2)[2]])
    messages = set()
    for bad in (swapped, unknown, key[:-1], key + "A", key.upper(), "dx_", f" {key}", ""):
        with pytest.raises(Unauthenticated) as caught:
            keys(path).identify(bad)
        messages.add(caught.value.message)
    assert messages == {"the API key is not accepted"}


def test_a_revoked_key_stays_out_at_once_and_on_record(path: Path) -> None:
    key = add_key(path, GRANTS)
    door = keys(path, datetime.now(UTC) + timedelta(seconds=1))
    assert door.identify(key)
    id = key.split("_")[1]
    revoke_key(path, id, NOW)
    with pytest.raises(Unauthenticated, match="revoked"):
        door.identify(key)
    revoke_key(path, id)
    assert load(path).keys[0].revoked == NOW
    with pytest.raises(ObjectNotFound):
        revoke_key(path, "0" * 12)


def test_a_key_expires(path: Path) -> None:
    key = add_key(path, GRANTS, expires=NOW)
    assert keys(path, NOW - timedelta(seconds=1)).identify(key)
    with pytest.raises(Unauthenticated, match="expired"):
        keys(path, NOW).identify(key)


def test_a_file_that_is_none_is_not_overwritten(path: Path) -> None:
    path.write_text(json.dumps({"keys": [{"id": "x"}]}))
    before = path.read_text()
    for change in (lambda: add_key(path, GRANTS), lambda: revoke_key(path, "x")):
        with pytest.raises(InvalidField):
            change()
    assert path.read_text() == before
