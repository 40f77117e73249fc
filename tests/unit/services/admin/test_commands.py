"""`python -m services.admin`, in this process."""

from pathlib import Path

import pytest

from services.access.keys import ApiKeys, load, read_keys
from services.access.principal import Scope
from services.access.watched import Watched
from services.admin.__main__ import main


def test_a_key_is_made_listed_and_revoked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "keys.json"
    file = ["--file", str(path)]
    made = ["keys", "new", "--project", "shoes", "--scope", "edit", "--scope", "explain"]
    assert main([*made, "--note", "the shop", *file]) == 0
    key = capsys.readouterr().out.strip()
    caller = ApiKeys(Watched(path, read_keys, "file")).identify(key)
    assert caller.scopes("shoes") == {Scope.EDIT, Scope.EXPLAIN}
    record = load(path).keys[0]
    assert record.expires is not None
    assert (record.expires - record.created).days in (89, 90)
    assert main(["keys", "list", *file]) == 0
    listed = capsys.readouterr().out
    assert record.id in listed
    assert "the shop" in listed
    assert "shoes: edit,explain" in listed
    assert key.split("_", 2)[2] not in listed
    assert main(["keys", "revoke", record.id, *file]) == 0
    assert load(path).keys[0].revoked is not None
    capsys.readouterr()
    assert main(["keys", "revoke", "0" * 12, *file]) == 1
    assert capsys.readouterr().err.startswith("error: there is no API key")


def test_what_cannot_be_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = ["--file", str(tmp_path / "keys.json")]
    assert main(["keys", "new", "--project", "NO", "--scope", "edit", *file]) == 1
    assert "no id of a project" in capsys.readouterr().err
    assert main(["erase", "shoes", "--confirm", "bags"]) == 1
    assert "--confirm" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["keys", "new", "--project", "shoes", "--scope", "root", *file])
