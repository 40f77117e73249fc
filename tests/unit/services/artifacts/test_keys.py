"""Keys: whatever belongs to a project lies where erasing and backing up look for it."""

import inspect
from collections.abc import Callable

import pytest

from services.artifacts import keys

DIGESTS = {"sha256", "digest", "finding_set_digest", "kind", "population", "predictor", "spec"}
OF_A_PROJECT = {
    name: function
    for name, function in inspect.getmembers(keys, inspect.isfunction)
    if name[0] != "_" and name not in ("belongings", "recorded")
    if "project" in inspect.signature(function).parameters
}  # fmt: skip


def test_there_are_such_keys() -> None:
    assert {"content", "model", "record", "scores", "checkpoint", "active"} <= set(OF_A_PROJECT)


@pytest.mark.parametrize("make", OF_A_PROJECT.values(), ids=OF_A_PROJECT)
def test_every_key_of_a_project_is_among_its_belongings(make: Callable[..., str]) -> None:
    values = {
        name: 1 if parameter.annotation is int else "a" * 64 if name in DIGESTS else "a1"
        for name, parameter in inspect.signature(make).parameters.items()
    }
    key = make(**{**values, "project": "shoes"})
    assert key.startswith(keys.belongings("shoes") + keys.recorded("shoes"))
    assert not key.startswith(keys.belongings("shoe") + keys.recorded("shoe"))
